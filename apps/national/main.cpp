// The reference national system: core system, interface system and 機構 in one
// program, for demo, test and benchmark. Never installed with a node.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "apps/common/command_line.hpp"
#include "apps/common/config.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/law_files.hpp"
#include "apps/common/national_files.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/stop_signal.hpp"
#include "apps/common/text_table.hpp"
#include "apps/national/hand_over_command.hpp"
#include "nakadachi/base/log.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/process.hpp"
#include "nakadachi/national/national_service.hpp"

namespace nakadachi::apps {
namespace {

struct InitOptions {
  std::string directory;
  std::string institutions;
  std::string persons;  ///< empty: no symbols are issued beforehand
};

/// For towns that had symbols before they joined: the bindings go to a file.
Result<void> issue_beforehand(const InitOptions& options, const NationalSecrets& secrets) {
  NAKADACHI_TRY(const auto persons, read_known_persons(options.persons));
  crypto::SymbolCipher cipher(secrets.symbol_root);
  std::vector<IssuedSymbol> bindings;
  std::vector<national::IssuedSymbol> issued;
  bindings.reserve(persons.size());
  issued.reserve(persons.size());
  for (const KnownPerson& known : persons) {
    const crypto::PersonId person = person_of(known.personal_number);
    issued.push_back({.institution = known.institution, .person = person, .issued_at = {}});
    bindings.push_back(
        {known.institution, known.personal_number, cipher.symbol_of(known.institution, person)});
  }
  NAKADACHI_TRY(IssuedFiles files, IssuedFiles::open(options.directory));
  NAKADACHI_CHECK(files.keep(issued));
  return write_private_file(options.directory + "/symbols.tsv", write_issued_symbols(bindings));
}

Result<void> init(const InitOptions& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.directory, problem);
  const std::string secrets_path = options.directory + "/secrets.tsv";
  if (!std::filesystem::exists(secrets_path)) NAKADACHI_CHECK(make_secrets(secrets_path));
  NAKADACHI_TRY(const NationalSecrets secrets, read_secrets(secrets_path));
  const crypto::Ed25519Signer core(secrets.core_seed);
  const crypto::Ed25519Signer registry(secrets.registry_seed);
  NAKADACHI_TRY(auto entries, read_institutions(options.institutions));
  const Timestamp now = SystemClock().now();
  const auto serial = static_cast<std::uint64_t>(now.ms);
  const Bytes published = crypto::Registry::make(std::move(entries), serial, now, registry);
  // First, so that there is no moment with roots that refuse the registry beside them.
  NAKADACHI_CHECK(write_private_file(options.directory + "/registry.bin", as_chars(published)));
  const TrustConfig trust{.roots = {.core_key = core.public_key(),
                                    .registry_key = registry.public_key(),
                                    .simulated = true},
                          .least_serial = serial};
  NAKADACHI_CHECK(write_private_file(options.directory + "/trust.toml", write_trust(trust)));
  return options.persons.empty() ? Result<void>() : issue_beforehand(options, secrets);
}

struct ServeOptions {
  std::string directory;
  std::string config;
  std::string ready_file;
};

/// Nothing is violated where no file is named.
Result<std::vector<national::AssessmentViolation>> load_violations(const NationalConfig& config) {
  if (config.violations_file.empty()) return std::vector<national::AssessmentViolation>();
  auto violations = read_violations(config.violations_file);
  if (violations) {
    log::write(log::Level::kInfo, "violations_read", {{"violations", violations->size()}});
  }
  return violations;
}

/// The law and the files that violate Article 28, all or nothing.
void read_core_law_again(const ServeOptions& options, national::NationalService& service) {
  std::vector<national::AssessmentViolation> violations;
  read_law_again(
      [&]() -> Result<rules::LawBook> {
        NAKADACHI_TRY(const NationalConfig config, load_national_config(options.config));
        NAKADACHI_TRY(violations, load_violations(config));
        return load_law_to_go_on(config.law, Day::of(SystemClock().now()));
      },
      [&](rules::LawBook law) {
        return service.replace_law(std::move(law), std::move(violations));
      });
}

Result<void> serve(const ServeOptions& options) {
  StopSignal stop_signal(StopSignal::Hangup::kReads);
  NAKADACHI_TRY(const NationalConfig config, load_national_config(options.config));
  NAKADACHI_TRY(const NationalSecrets secrets, read_secrets(options.directory + "/secrets.tsv"));
  NAKADACHI_TRY(const TrustConfig trust, load_trust(options.directory + "/trust.toml"));
  NAKADACHI_TRY(crypto::Registry registry,
                load_registry(trust, options.directory + "/registry.bin"));
  const crypto::Ed25519Verifier verifier;
  NAKADACHI_TRY(rules::LawBook law, load_law_at_start(config.law));
  NAKADACHI_TRY(IssuedFiles issued, IssuedFiles::open(options.directory));
  NAKADACHI_TRY(auto violations, load_violations(config));
  const crypto::Ed25519Signer core(secrets.core_seed);
  NAKADACHI_TRY(socket::CurveKeyPair keys, socket::CurveKeyPair::load(config.key_file));
  national::NationalServiceConfig service_config{
      .endpoint = config.endpoint,
      .keys = std::move(keys),
      .gateways = config.gateway_keys,
      .resident_endpoint = config.resident_endpoint,
      .resident_systems = config.resident_keys,
      .person_of = person_of,
      .keep_issued = [&issued](auto changed) { return issued.keep(changed); }};
  NAKADACHI_TRY(const auto service,
                national::NationalService::start(std::move(service_config),
                                                 {.roots = trust.roots,
                                                  .registry = std::move(registry),
                                                  .law = std::move(law),
                                                  .symbol_root = secrets.symbol_root,
                                                  .issued = issued.all(),
                                                  .violations = std::move(violations),
                                                  .latency_ms = config.latency_ms},
                                                 core, verifier));
  const auto registration = stop_signal.on_stop([&] { service->stop(); },
                                                [&] { read_core_law_again(options, *service); });
  if (!options.ready_file.empty()) {
    NAKADACHI_CHECK(write_private_file(
        options.ready_file,
        fmt::format("{}\n{}", service->endpoint(), service->resident_endpoint())));
  }
  service->run();
  return {};
}

int finish(const Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "nakadachi-national: {}\n", describe(result.error()));
  return 1;
}

}  // namespace
}  // namespace nakadachi::apps

int main(int argc, char** argv) {
  namespace apps = nakadachi::apps;
  apps::ProgramLine line(
      "Reference national system (core system, interface system, 機構) for Nakadachi.\n"
      "Its trust roots are marked as simulated: a node takes them with profile \"demo\" only.");
  const apps::CommandLine app = line.root();
  app.needs_command();

  apps::InitOptions init_options;
  const apps::CommandLine init_command =
      app.add_command("init", "Make secrets and sign the registry");
  init_command.footer(
      "Example: nakadachi-national init --directory national --institutions institutions.tsv");
  init_command.add_option("--directory", init_options.directory, "where it keeps its files")
      .required();
  init_command.add_option("--institutions", init_options.institutions, "who joins").required();
  init_command.add_option("--persons", init_options.persons,
                          "issue symbols beforehand: institution, 個人番号");

  apps::ServeOptions serve_options;
  const apps::CommandLine serve_command = app.add_command("serve", "Answer gateways until stopped");
  serve_command.footer(
      "SIGHUP: read the law and the violations of Article 28 again; what is wrong leaves what "
      "was.\n"
      "Example: nakadachi-national serve --directory national --config national.toml");
  serve_command.add_option("--directory", serve_options.directory, "made by init").required();
  serve_command.add_option("--config", serve_options.config, "TOML file").required();
  serve_command.add_option("--ready-file", serve_options.ready_file,
                           "written with the endpoints once it listens: for gateways, then "
                           "for resident systems");

  apps::HandOverOptions hand_over_options;
  const apps::CommandLine hand_over_command = app.add_command(
      "hand-over", "Play a town's resident system: send 取得番号 and 個人番号 to 機構");
  hand_over_command.footer(
      "The file has a line a person: institution, 取得番号, 個人番号, tab-separated.\n"
      "Example: nakadachi-national hand-over --endpoint tcp://127.0.0.1:5704 --server-key KEY "
      "--key-file residents.curve --file acquire.tsv");
  hand_over_command.add_option("--endpoint", hand_over_options.endpoint, "of the resident door")
      .required();
  hand_over_command.add_option("--server-key", hand_over_options.server_key, "of that door")
      .required();
  hand_over_command.add_option("--key-file", hand_over_options.key_file, "our own key").required();
  hand_over_command.add_option("--file", hand_over_options.file, "who is handed over").required();

  if (const auto ended = line.parse(argc, argv)) return *ended;
  if (!nakadachi::crypto::protect_memory(false)) return 1;
  if (hand_over_command.chosen()) return apps::finish(apps::hand_over(hand_over_options));
  return apps::finish(init_command.chosen() ? apps::init(init_options)
                                            : apps::serve(serve_options));
}
