// A body's records with their content: read with the keys and the login of its node.

#include "apps/nakadachi/opened_records_commands.hpp"

#include <fmt/format.h>

#include <memory>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/receipt_export.hpp"
#include "apps/common/record_text.hpp"
#include "apps/common/usage_report.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "apps/nakadachi/entry_progress.hpp"
#include "nakadachi/storage/postgres_store.hpp"

namespace nakadachi::apps {
namespace {

constexpr int kDamaged = 1;
constexpr int kNotRead = 2;

struct OpenedOptions {
  std::string config;
  std::string tenant;
  ReportOptions report;
  std::uint64_t number = 0;
  bool person = false;
  std::string out;
  ExportOptions range;
};

/// A body's log and what opens and proves it.
struct OpenedLog {
  crypto::Registry registry;
  storage::PostgresStore store;  ///< reads only: no login that writes
  RecordReader reader;

  OpenedLog(crypto::Registry institutions, const std::string& login, crypto::TenantCipher cipher)
      : registry(std::move(institutions)),
        store({.train = {}, .node = login}),
        reader(store, registry, std::move(cipher)) {}
};

Result<std::unique_ptr<OpenedLog>> open_log(const OpenedOptions& options) {
  NAKADACHI_TRY(const TenantId tenant, parse_tenant(options.tenant));
  NAKADACHI_TRY(const NodeConfig config, load_node_config(options.config));
  NAKADACHI_TRY(crypto::Registry registry, load_registry(config.trust, config.registry_file));
  NAKADACHI_TRY(crypto::TenantCipher cipher, open_cipher(config, tenant));
  return std::make_unique<OpenedLog>(std::move(registry), config.node_login, std::move(cipher));
}

Result<void> run_show(const OpenedOptions& options, int& status) {
  status = kNotRead;
  NAKADACHI_TRY(const auto log, open_log(options));
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  const auto shown =
      show_record(log->store, log->reader, options.number,
                  {.registry = &log->registry,
                   .facts = &facts,
                   // Programs read one language.
                   .language = options.report.json ? Language::kEnglish : options.report.language(),
                   .person = options.person});
  if (!shown) {
    if (is_damage(shown.error().code)) status = kDamaged;
    return shown.error();
  }
  if (!*shown) return Error{.code = ErrorCode::kNotInLog, .field = "number"};
  status = 0;
  if (options.report.json) {
    print_json(json_of(**shown));
  } else {
    fmt::print("{}", text_of(**shown, options.report.language()));
  }
  return {};
}

Result<void> run_export(const OpenedOptions& options, int& status) {
  status = kNotRead;
  NAKADACHI_TRY(const auto log, open_log(options));
  ExportOptions range = options.range;
  range.on_progress = entry_progress();
  NAKADACHI_TRY(const ReceiptExport done,
                export_receipts(log->store, log->reader, options.out, range));
  status = done.wrong ? kDamaged : 0;
  if (options.report.json) {
    print_json(export_json(done));
  } else {
    fmt::print("{}", export_text(done, options.report.language()));
  }
  return {};
}

std::shared_ptr<OpenedOptions> add_options(CommandLine command, const ChosenLanguage& language) {
  const auto options = std::make_shared<OpenedOptions>(OpenedOptions{.report = {&language}});
  command.add_option("--config", options->config, "configuration of the body's node (node.toml)")
      .required();
  command.add_option("--tenant", options->tenant, "whose log: 団体コード, six digits").required();
  add_json_option(command, options->report.json);
  return options;
}

void add_show(CommandLine records, Command& chosen, int& status, const ChosenLanguage& language) {
  const CommandLine command = records.add_command("show", "Open one record and prove it");
  command.footer(
      "Says what the record says (番号法23条、命令47条), and by what signed head, train and\n"
      "delegation its receipt was just proved; a change of a holding has none. The person is\n"
      "shown with --person only: that is personal.\n"
      "Exit status: 0 shown, 1 the record is not what was signed, 2 it could not be read.\n"
      "Example: nakadachi records show --tenant 011002 --number 12000 --config node.toml");
  const auto options = add_options(command, language);
  command.add_option("--number", options->number, "its number in the log").required();
  command.add_flag("--person", options->person,
                   "also the person's symbol (命令47条2項), or number within the body: personal");
  command.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_show(*options, status); };
  });
}

void add_export(CommandLine records, Command& chosen, int& status, const ChosenLanguage& language) {
  const CommandLine command =
      records.add_command("export", "Write receipts of a body's steps into a new file");
  command.footer(
      "The file holds statements in the clear: it is as personal as the exchanges. Only its\n"
      "owner may read it. It is written whole or not at all, and replaces no other. Each\n"
      "receipt is checked before.\n"
      "Exit status: 0 written, 1 a record is not what was signed, 2 it could not be done.\n"
      "Example: nakadachi records export --tenant 011002 --config node.toml --out r.jsonl");
  const auto options = add_options(command, language);
  command.add_option("--out", options->out, "the new file").required();
  command.add_option("--from", options->range.from, "the first number").shows_default();
  command.add_option("--limit", options->range.limit, "the most receipts; all unless given");
  command.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_export(*options, status); };
  });
}

}  // namespace

void add_opened_records_commands(CommandLine records, Command& chosen, int& status,
                                 const ChosenLanguage& language) {
  add_show(records, chosen, status, language);
  add_export(records, chosen, status, language);
}

}  // namespace nakadachi::apps
