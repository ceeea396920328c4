#include <fmt/format.h>

#include <algorithm>

#include "apps/common/command_values.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "nakadachi/client/client.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/exchange/outcome_text.hpp"

namespace nakadachi::apps {
namespace {

struct QueryOptions {
  AdminOptions admin;  ///< of these only how to come to the door, and how to speak
  std::string asker;
  std::string provider;
  std::string affair;
  std::string procedure;
  std::string kind;
  std::string person;
  std::string section;
  std::string key;
  std::string layouts;
  std::vector<std::uint16_t> items;
  std::int64_t patience_s = 120;
  std::string trust_file;
  std::string registry_file;
  bool without_receipt = false;
};

/// An affair of a body's own ordinance stands in no table: a code is taken as it is.
Result<AffairCode> affair_of(const rules::LegalFacts& facts, const std::string& text) {
  if (const rules::AffairFact* const affair = facts.find_affair(text)) return affair->code;
  return AffairCode::parse(text);
}

/// Of an earlier question, to be told what became of it; a new one unless given.
Result<RequestKey> key_of(const std::string& text) {
  if (text.empty()) return client::Client::make_key();
  const auto bytes = from_hex(text);
  const auto key = bytes ? RequestKey::from(*bytes) : std::nullopt;
  if (!key) return Error{.code = ErrorCode::kWrongFormat, .field = "key"};
  return *key;
}

Result<exchange::Query> query_of(const QueryOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.person));
  exchange::Subject subject;
  NAKADACHI_TRY(subject.asker, InstitutionCode::parse(options.asker));
  NAKADACHI_TRY(subject.provider, InstitutionCode::parse(options.provider));
  NAKADACHI_TRY(subject.affair, affair_of(facts, options.affair));
  NAKADACHI_TRY(subject.procedure, ProcedureCode::parse(options.procedure));
  NAKADACHI_TRY(subject.kind, parse_kind(facts, options.kind));
  subject.items = options.items;
  std::sort(subject.items.begin(), subject.items.end());
  subject.items.erase(std::unique(subject.items.begin(), subject.items.end()), subject.items.end());
  subject.section = options.section;
  NAKADACHI_TRY(const RequestKey key, key_of(options.key));
  return exchange::Query{key, person, std::move(subject)};
}

struct AnswerItem {
  std::uint16_t number = 0;
  std::string name;
  std::string value;
};

Result<std::vector<AnswerItem>> items_of(const exchange::Reply& reply, InformationKind kind,
                                         const copies::LayoutBook& book) {
  NAKADACHI_TRY(const copies::CopyContent content, copies::decode_content(reply.answer));
  // A version this program does not know has numbers without names.
  const copies::Layout* const layout = book.find(kind, content.layout_version);
  std::vector<AnswerItem> items;
  items.reserve(content.items.size());
  for (const copies::CopyItem& item : content.items) {
    const copies::LayoutItem* const known = layout != nullptr ? layout->find(item.number) : nullptr;
    items.push_back({item.number, known != nullptr ? known->name : std::string(), item.value});
  }
  return items;
}

Result<void> print_reply(const QueryOptions& options, const copies::LayoutBook& layouts,
                         const exchange::Query& query, const exchange::Reply& reply) {
  const exchange::OutcomeText& words = text_of(reply.outcome);
  const bool refused = reply.outcome == exchange::Outcome::kRefused;
  std::vector<AnswerItem> items;
  if (exchange::has_answer(reply.outcome)) {
    NAKADACHI_TRY(items, items_of(reply, query.subject.kind, layouts));
  }
  if (options.admin.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const AnswerItem& item : items) {
      list.push_back({{"number", item.number}, {"name", item.name}, {"value", item.value}});
    }
    const std::string_view reason = refused ? text_of(reply.code).name : "";
    print_json({{"key", to_hex(query.key.view())},
                {"outcome", words.name},
                {"reason", refused ? nlohmann::json(reason) : nlohmann::json()},
                {"item", shown_item(reply.legal_item)},
                {"items", list}});
    return {};
  }
  fmt::print("{}: {}\n", options.admin.say("outcome", "結果"),
             options.admin.say(words.english, words.japanese));
  if (refused) {
    const ErrorText& text = text_of(reply.code);
    fmt::print("{}: {}\n", options.admin.say("reason", "理由"),
               options.admin.say(text.english, text.japanese));
  }
  fmt::print("{}: {}\n", options.admin.say("item of the table", "根拠となる項"),
             shown_item(reply.legal_item));
  for (const AnswerItem& item : items) {
    fmt::print("  {:>3}  {}: {}\n", item.number, item.name, item.value);
  }
  return {};
}

Result<client::Config> config_of(const QueryOptions& options) {
  if (options.admin.endpoint.empty()) {
    return Error{.code = ErrorCode::kMissingField, .field = "endpoint"};
  }
  NAKADACHI_TRY(const auto server_key, server_key_of(options.admin.server_key));
  NAKADACHI_TRY(const auto keys, key_pair_of(options.admin.key_file));
  client::Config config{.endpoint = options.admin.endpoint,
                        .server_key = server_key,
                        .keys = keys,
                        .without_receipts = options.without_receipt};
  if (options.without_receipt) return config;
  if (options.trust_file.empty()) return Error{.code = ErrorCode::kMissingField, .field = "trust"};
  if (options.registry_file.empty()) {
    return Error{.code = ErrorCode::kMissingField, .field = "registry"};
  }
  NAKADACHI_TRY(const TrustConfig trust, load_trust(options.trust_file));
  NAKADACHI_TRY(crypto::Registry registry, load_registry(trust, options.registry_file));
  config.registry = std::make_shared<const crypto::Registry>(std::move(registry));
  return config;
}

Result<void> run_ask(const QueryOptions& options, int& status) {
  NAKADACHI_TRY(const exchange::Query query, query_of(options));
  NAKADACHI_TRY(const copies::LayoutBook layouts, load_layouts(options.layouts));
  NAKADACHI_TRY(const client::Config config, config_of(options));
  NAKADACHI_TRY(const auto node, client::Client::connect(config));
  const auto reply = node->ask_and_wait(query, options.patience_s * 1'000);
  if (!reply) {
    // It may be on record: only its key tells what becomes of it.
    if (text_of(reply.error().code).retry == Retry::kAskWhatBecame) {
      fmt::print(stderr, "{} --key {}\n", options.admin.say("ask again with", "再度の問い合わせ:"),
                 to_hex(query.key.view()));
    }
    return reply.error();
  }
  status = exchange::has_answer(reply->outcome) ? 0 : 1;
  return print_reply(options, layouts, query, *reply);
}

void add_options(CommandLine command, QueryOptions& options) {
  command.footer(
      "Exit status: 0 answered, also in part; 1 otherwise. The question is a real one: it is\n"
      "recorded in both towns. When it is held for the provider's staff, or its outcome is not\n"
      "known in time, its key is printed: with --key the same question is asked about again.\n"
      "Example: nakadachi query ask --key-file tax.curve --asker 1000001100210001 \\\n"
      "           --provider 1000001110000001 --affair JM01000000048000 \\\n"
      "           --procedure JT00000000000001 --kind 地方税関係情報 --person 42 --item 1 --item "
      "3");
  command.add_option("--endpoint", options.admin.endpoint, "OLTP door, as in tcp://10.0.0.1:5701")
      .from_environment("NAKADACHI_OLTP_ENDPOINT");
  command.add_option("--server-key", options.admin.server_key, "public key of the door (Z85)")
      .from_environment("NAKADACHI_OLTP_SERVER_KEY");
  command.add_option("--key-file", options.admin.key_file, "key pair of the business system")
      .from_environment("NAKADACHI_OLTP_KEY_FILE");
  command.add_option("--trust", options.trust_file, "trust roots (trust.toml), for the receipt")
      .from_environment("NAKADACHI_TRUST");
  command
      .add_option("--registry", options.registry_file, "signed registry of institutions, likewise")
      .from_environment("NAKADACHI_REGISTRY");
  command.add_flag("--without-receipt", options.without_receipt,
                   "believe the node without a look at the receipt of its record");
  command.add_option("--asker", options.asker, "institution that asks, 16 digits").required();
  command.add_option("--provider", options.provider, "institution that answers").required();
  command.add_option("--affair", options.affair, "JM code, item, or what it is about").required();
  command.add_option("--procedure", options.procedure, "事務手続コード, JT…").required();
  command.add_option("--kind", options.kind, "TM code or name").required();
  command.add_option("--person", options.person, "団体内統合宛名番号").required();
  command.add_option("--item", options.items, "items asked for, by number; all unless given");
  command
      .add_option("--layouts", options.layouts,
                  "item layouts to name the items by, in the place of the built-in ones")
      .from_environment("NAKADACHI_LAYOUTS");
  command.add_option("--section", options.section, "部署 that is responsible");
  command.add_option("--patience", options.patience_s, "seconds to wait for the outcome")
      .between(1, 24 * 60 * 60)
      .shows_default();
  command.add_option("--key", options.key,
                     "of an earlier question, all else the same: what became of it");
  add_json_option(command, options.admin.json);
}

}  // namespace

void add_query_commands(CommandLine app, Command& chosen, int& status,
                        const ChosenLanguage& language) {
  const CommandLine query = app.add_command("query", "Questions, as a business system asks them");
  query.needs_command();
  const CommandLine ask = query.add_command("ask", "Ask one question and show the outcome");
  const auto options = std::make_shared<QueryOptions>();
  options->admin.language = &language;
  add_options(ask, *options);
  ask.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_ask(*options, status); };
  });
}

}  // namespace nakadachi::apps
