// nakadachi: the node, the gateway, and the operators' command line.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <system_error>

#include "apps/nakadachi/commands.hpp"
#include "nakadachi/crypto/process.hpp"

namespace {

constexpr const char* kAbout =
    "Nakadachi: the 中間サーバ that municipalities share.\n"
    "\n"
    "  nakadachi demo                      a whole pool on this machine, with real exchanges\n"
    "  nakadachi db status --login DSN     which migrations the database has\n"
    "  nakadachi node --config node.toml   serve towns\n"
    "  nakadachi rules explain --help      why the law allows a question, or does not\n"
    "  nakadachi firewall check my.toml    is the network as closed as it should be\n"
    "  nakadachi copy load --help          register a town's file of copies\n";

/// Does the work, and sees that what it printed has arrived. A disk that is full is an error like
/// any other, also to the library that prints, which throws.
nakadachi::Result<void> run(const nakadachi::apps::Command& chosen) {
  const nakadachi::Error not_printed{.code = nakadachi::ErrorCode::kFileProblem,
                                     .detail = "standard output"};
  try {
    const nakadachi::Result<void> done = chosen();
    if (!done) return done;
  } catch (const std::system_error&) {
    if (std::ferror(stdout) == 0) throw;
    return not_printed;
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return not_printed;
  return {};
}

}  // namespace

void nakadachi::apps::ChosenLanguage::add_to(CommandLine app) {
  app.options_stand_anywhere();  // commands take this over
  app.add_option("--lang", given_, "language of what people read: ja or en").one_of({"ja", "en"});
}

int main(int argc, char** argv) {
  namespace apps = nakadachi::apps;
  apps::ProgramLine line(kAbout);
  const apps::CommandLine app = line.root();
  app.needs_command();
  apps::ChosenLanguage language;
  language.add_to(app);

  apps::Command chosen;
  apps::add_node_command(app, chosen);
  apps::add_gateway_command(app, chosen);
  apps::add_db_command(app, chosen);
  apps::add_keys_command(app, chosen);
  apps::add_errors_command(app, chosen);
  int status = 0;
  apps::add_demo_command(app, chosen, status, argv[0]);
  apps::add_rules_command(app, chosen, status, language);
  apps::add_firewall_command(app, chosen, status, language);
  apps::add_meter_command(app, chosen, language);
  apps::add_billing_command(app, chosen, language);
  apps::add_records_command(app, chosen, status, language);
  apps::add_tenant_commands(app, chosen, language);
  apps::add_institution_commands(app, chosen, language);
  apps::add_symbol_commands(app, chosen, language);
  apps::add_copy_commands(app, chosen, language);
  apps::add_flag_commands(app, chosen, language);
  apps::add_approval_commands(app, chosen, language);
  apps::add_person_commands(app, chosen, language);
  apps::add_query_commands(app, chosen, status, language);
  if (const auto ended = line.parse(argc, argv)) return *ended;

  if (const auto protection = nakadachi::crypto::protect_memory(false); !protection) {
    fmt::print(stderr, "nakadachi: {}\n", describe(protection.error()));
    return 1;
  }
  const nakadachi::Result<void> done = run(chosen);
  if (done) return status;
  fmt::print(stderr, "nakadachi: {}\n", describe(done.error(), language.or_english()));
  return status == 0 ? 1 : status;
}
