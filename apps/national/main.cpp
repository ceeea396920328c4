// The reference national system: core system, interface system and 機構 in one
// program, for demo, test and benchmark. Never installed with a node.

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

#include "apps/common/config.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/stop_signal.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/crypto/process.hpp"
#include "nakadachi/national/national_service.hpp"

namespace nakadachi::apps {
namespace {

/// What the reference system keeps: three secrets of 32 bytes, in hexadecimal.
struct NationalSecrets {
  SecretBytes core_seed;
  SecretBytes registry_seed;
  SecretBytes symbol_root;
};

Result<NationalSecrets> read_secrets(const std::string& path) {
  std::map<std::string, SecretBytes, std::less<>> by_name;
  NAKADACHI_CHECK(read_rows(path, 2, [&](const auto& fields) -> Result<void> {
    const auto bytes = from_hex(fields[1]);
    if (!bytes || bytes->size() != 32) {
      return Error{.code = ErrorCode::kWrongFormat, .field = "secret"};
    }
    by_name.insert_or_assign(std::string(fields[0]), SecretBytes(*bytes));
    return {};
  }));
  NationalSecrets secrets;
  for (const auto& [name, target] :
       {std::pair("core", &secrets.core_seed), std::pair("registry", &secrets.registry_seed),
        std::pair("symbols", &secrets.symbol_root)}) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      return Error{.code = ErrorCode::kConfigInvalid, .detail = path + " lacks a secret"};
    }
    *target = found->second;
  }
  return secrets;
}

Result<void> make_secrets(const std::string& path) {
  SystemRandom random;
  std::string text;
  for (const char* const name : {"core", "registry", "symbols"}) {
    text += fmt::format("{}\t{}\n", name, to_hex(random.make<Digest>().view()));
  }
  return write_private_file(path, text);
}

/// A person of the simulated population.
crypto::PersonId person_id(std::uint64_t ordinal) {
  Bytes number;
  append_big_endian<8>(number, ordinal);
  const Digest named = crypto::sha256({as_bytes("simulated person"), number});
  return *crypto::PersonId::from(named.view().first(crypto::PersonId::kSize));
}

struct InitOptions {
  std::string directory;
  std::string institutions;
  std::string persons;
};

Result<void> init(const InitOptions& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.directory, problem);
  const std::string secrets_path = options.directory + "/secrets.tsv";
  if (!std::filesystem::exists(secrets_path)) NAKADACHI_CHECK(make_secrets(secrets_path));
  NAKADACHI_TRY(const NationalSecrets secrets, read_secrets(secrets_path));
  const crypto::Ed25519Signer core(secrets.core_seed);
  const crypto::Ed25519Signer registry(secrets.registry_seed);
  NAKADACHI_CHECK(write_private_file(options.directory + "/trust.toml",
                                     write_trust_roots({.core_key = core.public_key(),
                                                        .registry_key = registry.public_key(),
                                                        .simulated = true})));
  NAKADACHI_TRY(auto entries, read_institutions(options.institutions));
  const Timestamp now = SystemClock().now();
  const Bytes published =
      crypto::Registry::make(std::move(entries), static_cast<std::uint64_t>(now.ms), now, registry);
  NAKADACHI_CHECK(write_private_file(options.directory + "/registry.bin", as_chars(published)));

  NAKADACHI_TRY(const auto persons, read_known_persons(options.persons));
  crypto::SymbolCipher cipher(secrets.symbol_root);
  std::vector<IssuedSymbol> issued;
  issued.reserve(persons.size());
  for (const KnownPerson& person : persons) {
    issued.push_back({person.institution, person.ordinal,
                      cipher.symbol_of(person.institution, person_id(person.ordinal))});
  }
  return write_private_file(options.directory + "/symbols.tsv", write_issued_symbols(issued));
}

struct ServeOptions {
  std::string directory;
  std::string config;
  std::string ready_file;
};

Result<void> serve(const ServeOptions& options) {
  StopSignal stop_signal;
  NAKADACHI_TRY(const NationalConfig config, load_national_config(options.config));
  NAKADACHI_TRY(const NationalSecrets secrets, read_secrets(options.directory + "/secrets.tsv"));
  NAKADACHI_TRY(const auto roots, load_trust_roots(options.directory + "/trust.toml"));
  NAKADACHI_TRY(const std::string published, read_file(options.directory + "/registry.bin"));
  const crypto::Ed25519Verifier verifier;
  NAKADACHI_TRY(crypto::Registry registry,
                crypto::Registry::open(as_bytes(published), roots, verifier));
  NAKADACHI_TRY(rules::LegalTable law, embedded_law());
  const crypto::Ed25519Signer core(secrets.core_seed);
  NAKADACHI_TRY(socket::CurveKeyPair keys, socket::CurveKeyPair::load(config.key_file));
  NAKADACHI_TRY(
      const auto service,
      national::NationalService::start(
          {.endpoint = config.endpoint, .keys = std::move(keys), .gateways = config.gateway_keys},
          {.roots = roots,
           .registry = std::move(registry),
           .law = std::move(law),
           .symbol_root = secrets.symbol_root,
           .latency_ms = config.latency_ms},
          core, verifier));
  const auto registration = stop_signal.on_stop([&] { service->stop(); });
  if (!options.ready_file.empty()) {
    NAKADACHI_CHECK(write_private_file(options.ready_file, service->endpoint()));
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
  CLI::App app{
      "Reference national system (core system, interface system, 機構) for Nakadachi.\n"
      "Its trust roots are marked as simulated: a node takes them with profile \"demo\" only."};
  app.require_subcommand(1);

  apps::InitOptions init_options;
  CLI::App* const init_command =
      app.add_subcommand("init", "Make secrets, sign the registry, issue symbols");
  init_command->add_option("--directory", init_options.directory, "where it keeps its files")
      ->required();
  init_command->add_option("--institutions", init_options.institutions, "who joins")->required();
  init_command->add_option("--persons", init_options.persons, "whom they know")->required();

  apps::ServeOptions serve_options;
  CLI::App* const serve_command = app.add_subcommand("serve", "Answer gateways until stopped");
  serve_command->add_option("--directory", serve_options.directory, "made by init")->required();
  serve_command->add_option("--config", serve_options.config, "TOML file")->required();
  serve_command->add_option("--ready-file", serve_options.ready_file,
                            "written with the endpoint once it listens");

  CLI11_PARSE(app, argc, argv);
  if (!nakadachi::crypto::protect_memory(false)) return 1;
  return apps::finish(init_command->parsed() ? apps::init(init_options)
                                             : apps::serve(serve_options));
}
