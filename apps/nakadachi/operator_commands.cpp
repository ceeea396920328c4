#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/report_options.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "nakadachi/storage/migrations.hpp"
#include "nakadachi/storage/upkeep.hpp"

namespace nakadachi::apps {
namespace {

// db --------------------------------------------------------------------------

struct DbOptions {
  std::string login;
  bool json = false;
  bool all = false;  // of wipe-erased
};

std::string_view state_of(const storage::MigrationState& migration) {
  if (!migration.applied) return "missing";
  return migration.applied_checksum ? "differs" : "applied";
}

Result<void> show_status(const DbOptions& options) {
  NAKADACHI_TRY(const auto migrations, storage::migration_status(options.login));
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const storage::MigrationState& migration : migrations) {
      list.push_back({{"number", migration.number},
                      {"name", migration.name},
                      {"checksum", migration.checksum},
                      {"state", state_of(migration)}});
    }
    fmt::print("{}\n", list.dump(2));
    return {};
  }
  for (const storage::MigrationState& migration : migrations) {
    fmt::print("{:04}  {:<8}  {:.12}  {}\n", migration.number, state_of(migration),
               migration.checksum, migration.name);
  }
  return {};
}

Result<void> run_migrate(const DbOptions& options) {
  NAKADACHI_TRY(const auto applied, storage::migrate(options.login));
  if (options.json) {
    fmt::print("{}\n", nlohmann::json({{"applied", applied}}).dump());
    return {};
  }
  if (applied.empty()) fmt::print("nothing to do\n");
  for (const std::uint32_t number : applied) fmt::print("applied {:04}\n", number);
  return {};
}

Result<void> run_wipe(const DbOptions& options) {
  const auto which = options.all ? storage::Holdings::kAll : storage::Holdings::kAcquisitions;
  NAKADACHI_TRY(const storage::WipedBytes wiped, storage::wipe_erased(options.login, which));
  if (options.json) {
    fmt::print(
        "{}\n",
        nlohmann::json({{"bytes_before", wiped.before}, {"bytes_after", wiped.after}}).dump());
    return {};
  }
  fmt::print("written anew: {} bytes, {} before\n", wiped.after, wiped.before);
  return {};
}

// keys ------------------------------------------------------------------------

struct KeysOptions {
  std::string key_file;
  std::string passphrase_file;
  std::string curve_file;
};

Result<void> init_root_key(const KeysOptions& options) {
  NAKADACHI_TRY(const SecretBytes passphrase,
                crypto::read_passphrase_file(options.passphrase_file));
  SystemRandom random;
  const auto made = crypto::RootKey::create(options.key_file, passphrase, random);
  if (!made) return made.error();
  fmt::print("wrote {}; keep a copy of it and of the passphrase in two other places\n",
             options.key_file);
  return {};
}

Result<void> make_curve_key(const KeysOptions& options) {
  const socket::CurveKeyPair pair = socket::CurveKeyPair::make();
  NAKADACHI_CHECK(pair.save(options.curve_file));
  fmt::print("{}\n", socket::to_z85(pair.public_key()));
  return {};
}

// errors ----------------------------------------------------------------------

std::string_view name_of(Retry retry) {
  switch (retry) {
    case Retry::kNever:
      return "never";
    case Retry::kLater:
      return "later";
    case Retry::kAskWhatBecame:
      break;
  }
  return "ask what became of it";
}

Result<void> list_errors(bool json) {
  nlohmann::json list = nlohmann::json::array();
  for (const ErrorText& text : error_texts()) {
    const auto number = static_cast<unsigned>(text.code);
    if (json) {
      list.push_back({{"number", number},
                      {"name", text.name},
                      {"retry", name_of(text.retry)},
                      {"en", text.english},
                      {"ja", text.japanese}});
    } else {
      fmt::print("{}  {:<26} {:<22} {}\n{:>54}{}\n", number, text.name, name_of(text.retry),
                 text.english, "", text.japanese);
    }
  }
  if (json) fmt::print("{}\n", list.dump(2));
  return {};
}

}  // namespace

void add_db_command(CommandLine app, Command& chosen) {
  const CommandLine db = app.add_command("db", "The database's schema and upkeep");
  db.needs_command();
  db.footer("Example: nakadachi db status --login 'host=/run/postgresql user=postgres'");
  const auto options = std::make_shared<DbOptions>();
  const auto add = [&](const char* name, const char* about, Result<void> (*run)(const DbOptions&)) {
    const CommandLine command = db.add_command(name, about);
    command.add_option("--login", options->login, "connection string of an administrator")
        .required();
    add_json_option(command, options->json);
    command.when_chosen(
        [options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
    return command;
  };
  add("status", "Compare program and database; changes nothing", show_status);
  add("migrate", "Apply the migrations that are missing", run_migrate);
  const CommandLine wipe =
      add("wipe-erased", "Write tables anew, so that no file keeps an erased value", run_wipe);
  wipe.add_flag("--all", options->all,
                "copies, symbols and persons too, not only pending acquisitions; locks them");
  wipe.footer(
      "Deleted acquisition numbers (取得番号) stay in the table's file until then.\n"
      "Example, every night: nakadachi db wipe-erased --login 'host=/run/postgresql "
      "user=postgres'");
}

void add_keys_command(CommandLine app, Command& chosen) {
  const CommandLine keys = app.add_command("keys", "Root key and keys of connections");
  keys.needs_command();
  const auto options = std::make_shared<KeysOptions>();

  const CommandLine init = keys.add_command("init", "Make a root key under a passphrase");
  init.footer("Example: nakadachi keys init --key-file root.key --passphrase-file passphrase");
  init.add_option("--key-file", options->key_file, "new file; nothing is overwritten").required();
  init.add_option("--passphrase-file", options->passphrase_file,
                  "its first line is the passphrase; only its owner may read it")
      .required();
  init.when_chosen([options, &chosen] { chosen = [options] { return init_root_key(*options); }; });

  const CommandLine curve = keys.add_command("curve", "Make a key pair for connections");
  curve.footer("Prints the public key. Example: nakadachi keys curve --file tax-system.curve");
  curve.add_option("--file", options->curve_file, "new file; nothing is overwritten").required();
  curve.when_chosen(
      [options, &chosen] { chosen = [options] { return make_curve_key(*options); }; });
}

void add_errors_command(CommandLine app, Command& chosen) {
  const CommandLine command = app.add_command("errors", "The closed list of errors");
  command.footer("Example: nakadachi errors --json");
  const auto json = std::make_shared<bool>(false);
  add_json_option(command, *json);
  command.when_chosen([json, &chosen] { chosen = [json] { return list_errors(*json); }; });
}

}  // namespace nakadachi::apps
