// A body's log as it is stored, without its keys: is it whole, and what its clear columns say.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "apps/common/log_check.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/receipt_file.hpp"
#include "apps/common/usage_report.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "apps/nakadachi/entry_progress.hpp"
#include "apps/nakadachi/opened_records_commands.hpp"
#include "nakadachi/storage/postgres_store.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::apps {
namespace {

constexpr int kLogWrong = 1;
constexpr int kNotChecked = 2;

struct RecordsOptions {
  std::string node_login;
  std::string tenant;
  std::vector<std::string> signers;
  std::string kept_head;
  std::uint64_t from = 0;
  std::uint32_t limit = 100;
  bool own_rows_only = false;
  ReportOptions report;
};

/// Reads only, so no login that writes.
storage::PostgresStore open_store(const RecordsOptions& options) {
  return storage::PostgresStore({.train = {}, .node = options.node_login});
}

Result<std::vector<PublicKey>> signers_of(const std::vector<std::string>& texts) {
  std::vector<PublicKey> keys;
  keys.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto bytes = from_hex(text);
    const auto key = bytes ? PublicKey::from(*bytes) : std::nullopt;
    if (!key) return Error{.code = ErrorCode::kWrongFormat, .field = "signer"};
    keys.push_back(*key);
  }
  return keys;
}

Result<void> run_verify(const RecordsOptions& options, int& status) {
  status = kNotChecked;
  NAKADACHI_TRY(const TenantId tenant, parse_tenant(options.tenant));
  LogCheckOptions how{.last_root = !options.own_rows_only, .on_progress = entry_progress()};
  NAKADACHI_TRY(how.signers, signers_of(options.signers));
  if (!options.kept_head.empty()) {
    NAKADACHI_TRY(how.kept_head, parse_head(tenant, options.kept_head));
  }
  storage::PostgresStore store = open_store(options);
  NAKADACHI_TRY(const LogCheck check, check_log(store, tenant, crypto::Ed25519Verifier(), how));
  if (!check.wrong && check.entries == 0) {  // a code that was mistyped has nothing wrong either
    return Error{
        .code = ErrorCode::kNotInLog, .field = "tenant", .detail = "no entry of this body is here"};
  }
  status = check.wrong ? kLogWrong : 0;
  if (options.report.json) {
    print_json(log_check_json(check));
  } else {
    fmt::print("{}", log_check_text(check, options.report.language()));
  }
  return {};
}

Result<void> run_list(const RecordsOptions& options) {
  NAKADACHI_TRY(const TenantId tenant, parse_tenant(options.tenant));
  storage::PostgresStore store = open_store(options);
  nlohmann::json list = nlohmann::json::array();
  if (!options.report.json) fmt::print("{}", entry_heading(options.report.language()));
  std::uint64_t next = options.from;
  for (std::uint32_t left = options.limit; left > 0;) {
    NAKADACHI_TRY(const auto page, store.scan_log(tenant, next, std::min(left, 1'000U)));
    if (page.empty()) break;
    for (const storage::LogEntry& row : page) {
      const records::LogEntry entry = tenant_vm::entry_of(tenant, row);
      if (options.report.json) {
        list.push_back(entry_json(entry));
      } else {
        fmt::print("{}", entry_line(entry, options.report.language()));
      }
    }
    left -= static_cast<std::uint32_t>(std::min<std::size_t>(left, page.size()));
    next = storage::log_number(page.back()) + 1;
  }
  if (options.report.json) print_json(list);
  return {};
}

struct CheckOptions {
  std::string file;
  std::string trust_file;
  std::string registry_file;
  ReportOptions report;
};

Result<void> run_check(const CheckOptions& options, int& status) {
  status = kNotChecked;
  NAKADACHI_TRY(const TrustConfig trust, load_trust(options.trust_file));
  NAKADACHI_TRY(const crypto::Registry registry, load_registry(trust, options.registry_file));
  NAKADACHI_TRY(const ReceiptsCheck check, check_receipts(options.file, registry));
  status = check.wrong ? kLogWrong : 0;
  if (options.report.json) {
    print_json(receipts_check_json(check));
  } else {
    fmt::print("{}", receipts_check_text(check, options.report.language()));
  }
  return {};
}

std::shared_ptr<RecordsOptions> add_options(CommandLine command, const ChosenLanguage& language) {
  const auto options = std::make_shared<RecordsOptions>(RecordsOptions{.report = {&language}});
  command
      .add_option("--login", options->node_login,
                  "connection string of a login in role nakadachi_node")
      .from_environment("NAKADACHI_NODE_LOGIN")
      .required();
  command.add_option("--tenant", options->tenant, "whose log: 団体コード, six digits").required();
  add_json_option(command, options->report.json);
  return options;
}

void add_verify(CommandLine records, Command& chosen, int& status, const ChosenLanguage& language) {
  const CommandLine command = records.add_command("verify", "Go through a body's whole log");
  command.footer(
      "Checked: numbers have no gap and none stands twice; the entries, units among them, make\n"
      "every head that trains state; each train's signature is its stated signer's; the last\n"
      "head is under the last train's signature, for which the leaves of the other bodies in\n"
      "that train are read too.\n"
      "Not checked: whether a signer was a node to which the body had delegated (that takes\n"
      "the registry: compare with --signer, or use records export and check); whether sealed\n"
      "statements are those of their leaves (no content is opened); whether the log was cut\n"
      "off at a train (keep the head that is printed and give it as --kept-head next time).\n"
      "Exit status: 0 nothing is wrong, 1 something is, 2 it could not be checked, also when\n"
      "the body has no entry at all.\n"
      "Example: nakadachi records verify --tenant 011002");
  const auto options = add_options(command, language);
  command.add_option("--signer", options->signers,
                     "a key that may have signed, 64 hexadecimal digits; may be repeated");
  command.add_option("--kept-head", options->kept_head, "an earlier head, SIZE:ROOT");
  command.add_flag("--own-rows-only", options->own_rows_only,
                   "read no rows of other bodies; the last head's signature is not checked");
  command.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_verify(*options, status); };
  });
}

void add_check(CommandLine records, Command& chosen, int& status, const ChosenLanguage& language) {
  const CommandLine command =
      records.add_command("check", "Check receipts of a file, without database and key");
  command.footer(
      "Checked, for each line: that its statement is the entry's, the entry leads to the head,\n"
      "the head to the train's root, the train was signed by the node, and an institution of\n"
      "the body in this registry had delegated to it then. Take the registry whose keys signed\n"
      "the delegations. Exit status: 0 all are good, 1 one is not, 2 it could not be checked.\n"
      "Example: nakadachi records check receipts.jsonl --trust trust.toml --registry registry");
  const auto options = std::make_shared<CheckOptions>(CheckOptions{.report = {&language}});
  command.add_option("file", options->file, "receipts, as records export wrote them").required();
  command.add_option("--trust", options->trust_file, "trust roots (trust.toml)")
      .from_environment("NAKADACHI_TRUST")
      .required();
  command.add_option("--registry", options->registry_file, "signed registry of institutions")
      .from_environment("NAKADACHI_REGISTRY")
      .required();
  add_json_option(command, options->report.json);
  command.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_check(*options, status); };
  });
}

}  // namespace

void add_records_command(CommandLine app, Command& chosen, int& status,
                         const ChosenLanguage& language) {
  const CommandLine records =
      app.add_command("records", "Logs of records (情報提供等の記録), without their content");
  records.needs_command();
  add_verify(records, chosen, status, language);
  add_check(records, chosen, status, language);
  add_opened_records_commands(records, chosen, status, language);

  const CommandLine list = records.add_command("list", "Clear columns of a body's log");
  const auto options = add_options(list, language);
  list.footer("Example: nakadachi records list --tenant 011002 --from 12000 --limit 50");
  list.add_option("--from", options->from, "the first number").shows_default();
  list.add_option("--limit", options->limit, "the most entries").shows_default();
  list.when_chosen([options, &chosen] { chosen = [options] { return run_list(*options); }; });
}

}  // namespace nakadachi::apps
