#include "apps/common/demo_pool.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "apps/common/config.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/sealing.hpp"
#include "nakadachi/rules/legal_table.hpp"
#include "nakadachi/storage/migrations.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::uint64_t kAddressSpace = 10'000'000'000;
constexpr std::string_view kTaxKind = "TM00000000000002";
constexpr std::string_view kUnlistedKind = "TM00000000000009";
constexpr std::string_view kBoardAffair = "JM01000000063000";
constexpr std::array<std::string_view, 4> kMayorAffairs = {"JM01000000048000", "JM01000000069000",
                                                           "JM01000000106000", "JM01000000132000"};

bool is_board(std::size_t system) { return system % 2 == 1; }

// A share of the persons leads to each outcome, so that a run shows them all.
bool provider_holds_no_symbol(std::uint64_t person) { return person % 50 == 7; }
bool provider_holds_no_copy(std::uint64_t person) { return person % 25 == 3; }
bool asked_beyond_the_table(std::uint64_t person) { return person % 40 == 13; }

std::string copy_text(const Municipality& town, std::uint64_t person, std::size_t bytes) {
  std::string text =
      fmt::format(R"({{"団体":"{}","年度":2026,"総所得金額等":{},"市町村民税所得割額":{},"備考":")",
                  town.code.text(), 1'000'000 + person * 137 % 9'000'000, person * 31 % 500'000);
  constexpr std::string_view kEnd = "\"}";
  if (text.size() + kEnd.size() < bytes) text.append(bytes - text.size() - kEnd.size(), '-');
  return text.append(kEnd);
}

Result<void> put_secret(storage::TenantDirectory& directory, const crypto::RootKey& root,
                        TenantId tenant, std::string_view purpose, const SecretBytes& secret,
                        Random& random) {
  return directory.put_key(
      tenant, {.purpose = std::string(purpose),
               .version = 1,
               .wrapped = root.wrap(secret, wrap_context(tenant, purpose, 1), random)});
}

}  // namespace

Result<std::unique_ptr<DemoPool>> DemoPool::start(PoolPlan plan, const Tell& tell) {
  if (plan.towns < 2 || plan.towns > municipalities().size()) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "tenants",
                 .detail = fmt::format("must be 2 to {}", municipalities().size())};
  }
  auto pool = std::unique_ptr<DemoPool>(new DemoPool(std::move(plan)));
  pool->towns_.assign(municipalities().begin(),
                      municipalities().begin() + static_cast<std::ptrdiff_t>(pool->plan_.towns));
  const std::array<std::pair<std::string_view, Result<void> (DemoPool::*)()>, 8> stages = {
      {{"preparing the directory", &DemoPool::make_directory},
       {"starting a private PostgreSQL", &DemoPool::start_database},
       {"joining the towns", &DemoPool::join_towns},
       {"issuing symbols", &DemoPool::issue_symbols},
       {"registering copies", &DemoPool::write_town_data},
       {"starting the reference national system", &DemoPool::start_national},
       {"starting the gateway", &DemoPool::start_gateway},
       {"starting the node", &DemoPool::start_node}}};
  for (const auto& [name, stage] : stages) {
    tell(name);
    NAKADACHI_CHECK((pool.get()->*stage)());
  }
  return pool;
}

DemoPool::~DemoPool() {
  node_.reset();
  gateway_.reset();
  national_.reset();
  cluster_.reset();
  std::error_code ignored;
  if (!plan_.keep && !directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string DemoPool::file(std::string_view name) const {
  return fmt::format("{}/{}", directory_, name);
}

Result<void> DemoPool::make_directory() {
  if (plan_.directory.empty()) {
    std::string made = (std::filesystem::temp_directory_path() / "nakadachi-XXXXXX").string();
    if (mkdtemp(made.data()) == nullptr) {
      return Error{.code = ErrorCode::kFileProblem, .detail = made};
    }
    directory_ = made;
    return {};
  }
  std::error_code problem;
  std::filesystem::create_directories(plan_.directory, problem);
  if (problem || !std::filesystem::is_empty(plan_.directory, problem)) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = plan_.directory + " must be an empty or new directory"};
  }
  directory_ = std::filesystem::absolute(plan_.directory).string();
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, problem);
  return {};
}

Result<void> DemoPool::start_database() {
  // Not below our own private directory: as root the server runs as another account.
  storage::PrivateCluster::Options options;
  if (plan_.keep) options.directory = directory_ + "-postgres";
  options.keep = plan_.keep;
  NAKADACHI_TRY(cluster_, storage::PrivateCluster::start(options));
  const auto applied = storage::migrate(cluster_->login("postgres"));
  if (!applied) return applied.error();
  return {};
}

// Towns -----------------------------------------------------------------------

Result<void> DemoPool::join_towns() {
  SystemRandom random;
  const std::string passphrase = to_hex(random.make<Digest>().view());
  NAKADACHI_CHECK(write_private_file(file("passphrase"), passphrase + "\n"));
  NAKADACHI_TRY(
      root_, crypto::RootKey::create(file("root.key"), SecretBytes(as_bytes(passphrase)), random));
  storage::TenantDirectory directory(cluster_->login("nakadachi_operator"),
                                     cluster_->login("nakadachi_node"));
  for (std::size_t town = 0; town < towns_.size(); ++town) {
    NAKADACHI_CHECK(join_town(town, directory, random));
  }
  return write_private_file(file("institutions.tsv"), write_institutions(institutions_));
}

Result<void> DemoPool::join_town(std::size_t town, storage::TenantDirectory& directory,
                                 Random& random) {
  const Municipality& place = towns_[town];
  const TenantId tenant{place.code.number()};
  NAKADACHI_CHECK(
      directory.join({.tenant = tenant,
                      .name = place.prefecture + place.name,
                      .population = place.population,
                      .lane = LaneId{static_cast<std::uint16_t>(town % plan_.lanes + 1)}}));
  SecretBytes master(crypto::TenantCipher::kMasterSize);
  random.fill(master.writable());
  NAKADACHI_CHECK(put_secret(directory, *root_, tenant, kMasterPurpose, master, random));
  for (const bool board : {false, true}) {
    NAKADACHI_TRY(
        const InstitutionCode code,
        InstitutionCode::parse(fmt::format("10000{}{:05}", place.code.text(), board ? 2 : 1)));
    const SecretBytes seed = crypto::Ed25519Signer::make_seed(random);
    const SecretBytes sealing = crypto::SealingKey::make_secret(random);
    NAKADACHI_CHECK(put_secret(directory, *root_, tenant, signing_purpose(code), seed, random));
    NAKADACHI_CHECK(put_secret(directory, *root_, tenant, sealing_purpose(code), sealing, random));
    crypto::RegistryEntry entry;
    entry.code = code;
    entry.tenant = tenant;
    entry.institution_class = static_cast<std::uint16_t>(
        board ? rules::InstitutionClass::kEducationBoard : rules::InstitutionClass::kMayor);
    entry.name = place.prefecture + place.name + (board ? "教育委員会" : "長");
    entry.signing_key = crypto::Ed25519Signer(seed).public_key();
    entry.sealing_key = crypto::SealingKey(sealing).public_key();
    institutions_.push_back(std::move(entry));
    systems_.push_back({.institution = code, .keys = socket::CurveKeyPair::make()});
  }
  return {};
}

std::size_t DemoPool::asking_town(std::uint64_t person) const { return person % towns_.size(); }

std::size_t DemoPool::providing_town(std::uint64_t person) const {
  const std::uint64_t step = 1 + person / towns_.size() % (towns_.size() - 1);
  return (asking_town(person) + step) % towns_.size();
}

AddressNumber DemoPool::address_of(std::size_t system, std::uint64_t person) const {
  return *AddressNumber::from_number((system + 1) * kAddressSpace + person);
}

// Symbols and copies ----------------------------------------------------------

Result<void> DemoPool::issue_symbols() {
  std::vector<KnownPerson> known;
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    const std::size_t asker = 2 * asking_town(person);
    known.push_back({systems_[asker].institution, person});
    known.push_back({systems_[asker + 1].institution, person});
    const bool unknown = !plan_.everything_answered && provider_holds_no_symbol(person);
    if (!unknown) known.push_back({systems_[2 * providing_town(person)].institution, person});
  }
  NAKADACHI_CHECK(write_private_file(file("persons.tsv"), write_known_persons(known)));
  const std::string log = file("national-init.log");
  NAKADACHI_TRY(ChildProcess init,
                ChildProcess::start({plan_.program_directory + "/nakadachi-national", "init",
                                     "--directory", file("national"), "--institutions",
                                     file("institutions.tsv"), "--persons", file("persons.tsv")},
                                    log));
  const auto done = wait_until_ready(init, file("national/symbols.tsv"), log);
  if (!done) return done.error();
  return {};
}

Result<void> DemoPool::write_town_data() {
  std::map<InstitutionCode, std::size_t> system_of;
  for (std::size_t i = 0; i < systems_.size(); ++i) system_of[systems_[i].institution] = i;
  NAKADACHI_TRY(const auto issued, read_issued_symbols(file("national/symbols.tsv")));
  std::vector<BoundSymbol> bound;
  bound.reserve(issued.size());
  for (const IssuedSymbol& one : issued) {
    bound.push_back(
        {one.institution, address_of(system_of.at(one.institution), one.ordinal), one.symbol});
  }
  NAKADACHI_CHECK(write_private_file(file("symbols.tsv"), write_bound_symbols(bound)));

  std::vector<CopyRow> copies;
  NAKADACHI_TRY(const InformationKind tax, InformationKind::parse(kTaxKind));
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    if (!plan_.everything_answered && provider_holds_no_copy(person)) continue;
    const std::size_t town = providing_town(person);
    copies.push_back({systems_[2 * town].institution, address_of(2 * town, person), tax,
                      copy_text(towns_[town], person, plan_.answer_bytes)});
  }
  NAKADACHI_CHECK(write_private_file(file("copies.tsv"), write_copies(copies)));

  std::vector<BusinessSystem> systems;
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    BusinessSystem system{.number = static_cast<std::uint32_t>(i + 1),
                          .institution = systems_[i].institution,
                          .curve_key = to_z85(systems_[i].keys.public_key()),
                          .affairs = {}};
    if (is_board(i)) {
      system.affairs.push_back(*AffairCode::parse(kBoardAffair));
    } else {
      for (const std::string_view code : kMayorAffairs) {
        system.affairs.push_back(*AffairCode::parse(code));
      }
    }
    systems.push_back(std::move(system));
  }
  return write_private_file(file("systems.tsv"), write_systems(systems));
}

// Processes -------------------------------------------------------------------

Result<socket::CurveKeyPair> DemoPool::make_curve_key(std::string_view name) const {
  socket::CurveKeyPair pair = socket::CurveKeyPair::make();
  NAKADACHI_CHECK(pair.save(file(fmt::format("{}.curve", name))));
  return pair;
}

Result<std::string> DemoPool::start_process(std::unique_ptr<ChildProcess>& process,
                                            std::string_view name,
                                            std::vector<std::string> arguments) {
  const std::string ready = file(fmt::format("{}.ready", name));
  const std::string log = file(fmt::format("{}.log", name));
  arguments[0] = plan_.program_directory + "/" + arguments[0];
  arguments.insert(arguments.end(),
                   {"--config", file(fmt::format("{}.toml", name)), "--ready-file", ready});
  NAKADACHI_TRY(ChildProcess started, ChildProcess::start(arguments, log));
  process = std::make_unique<ChildProcess>(std::move(started));
  return wait_until_ready(*process, ready, log);
}

Result<void> DemoPool::start_national() {
  NAKADACHI_TRY(const auto keys, make_curve_key("national"));
  NAKADACHI_TRY(const auto gateway_keys, make_curve_key("gateway-to-national"));
  national_key_ = keys.public_key();
  gateway_key_at_national_ = gateway_keys.public_key();
  NAKADACHI_CHECK(write_private_file(
      file("national.toml"),
      fmt::format("[national]\nendpoint = \"tcp://127.0.0.1:*\"\nkey_file = \"national.curve\"\n"
                  "gateway_keys = ['{}']\nlatency_ms = {}\n",
                  to_z85(gateway_key_at_national_), plan_.national_latency_ms)));
  NAKADACHI_TRY(national_endpoint_,
                start_process(national_, "national",
                              {"nakadachi-national", "serve", "--directory", file("national")}));
  return {};
}

Result<void> DemoPool::start_gateway() {
  NAKADACHI_TRY(const auto keys, make_curve_key("gateway"));
  NAKADACHI_TRY(const auto link_keys, make_curve_key("node-link"));
  gateway_key_ = keys.public_key();
  link_key_ = link_keys.public_key();
  NAKADACHI_CHECK(write_private_file(
      file("gateway.toml"),
      fmt::format("[nodes]\nendpoint = \"tcp://127.0.0.1:*\"\nkey_file = \"gateway.curve\"\n"
                  "keys = ['{}']\n\n[national]\nendpoint = \"{}\"\npublic_key = '{}'\n"
                  "key_file = \"gateway-to-national.curve\"\n",
                  to_z85(link_key_), national_endpoint_, to_z85(national_key_))));
  NAKADACHI_TRY(gateway_endpoint_, start_process(gateway_, "gateway", {"nakadachi", "gateway"}));
  return {};
}

std::string DemoPool::node_config() const {
  const storage::PostgresLogins logins = cluster_->logins();
  return fmt::format(
      "[node]\nname = \"demo node\"\nprofile = \"demo\"\n\n"
      "[database]\ntrain = \"{}\"\nnode = \"{}\"\n\n"
      "[keys]\nroot_key_file = \"root.key\"\npassphrase_file = \"passphrase\"\n\n"
      "[oltp]\nendpoint = \"tcp://127.0.0.1:*\"\nkey_file = \"oltp.curve\"\n"
      "systems = \"systems.tsv\"\n\n"
      "[gateway]\nendpoint = \"{}\"\npublic_key = '{}'\nkey_file = \"node-link.curve\"\n\n"
      "[data]\nsymbols = \"symbols.tsv\"\ncopies = \"copies.tsv\"\n\n",
      logins.train, logins.node, gateway_endpoint_, to_z85(gateway_key_));
}

Result<void> DemoPool::start_node() {
  NAKADACHI_TRY(const auto keys, make_curve_key("oltp"));
  oltp_key_ = keys.public_key();
  NAKADACHI_TRY(const crypto::TrustRoots roots, load_trust_roots(file("national/trust.toml")));
  NAKADACHI_CHECK(write_private_file(
      file("node.toml"),
      node_config() + write_trust_roots(roots) + "registry = \"national/registry.bin\"\n"));
  NAKADACHI_TRY(oltp_endpoint_, start_process(node_, "node", {"nakadachi", "node"}));
  return {};
}

// Traffic ---------------------------------------------------------------------

DemoPool::PlannedQuery DemoPool::query(std::uint64_t i) const {
  const std::uint64_t person = i % plan_.persons;
  const bool board = person % 5 == 4;
  const std::size_t system = 2 * asking_town(person) + (board ? 1 : 0);
  PlannedQuery planned{.system = system, .person = address_of(system, person), .subject = {}};
  planned.subject.asker = systems_[system].institution;
  planned.subject.provider = systems_[2 * providing_town(person)].institution;
  planned.subject.affair =
      *AffairCode::parse(board ? kBoardAffair : kMayorAffairs[person % kMayorAffairs.size()]);
  planned.subject.procedure = *ProcedureCode::parse("JT00000000000001");
  planned.subject.kind = *InformationKind::parse(kTaxKind);
  planned.subject.section = board ? "学務課" : "市民税課";
  if (plan_.everything_answered) return planned;
  if (asked_beyond_the_table(person)) {
    planned.subject.kind = *InformationKind::parse(kUnlistedKind);
    planned.expected = exchange::Outcome::kRefused;
  } else if (provider_holds_no_symbol(person)) {
    planned.expected = exchange::Outcome::kProviderHoldsNoSymbol;
  } else if (provider_holds_no_copy(person)) {
    planned.expected = exchange::Outcome::kNoData;
  }
  return planned;
}

Result<crypto::TenantCipher> DemoPool::cipher_of(TenantId tenant) const {
  storage::TenantDirectory directory("", cluster_->login("nakadachi_node"));
  NAKADACHI_TRY(const auto keys, directory.keys(tenant));
  crypto::TenantCipher cipher(tenant);
  for (const storage::WrappedKeyRow& row : keys) {
    if (row.purpose != kMasterPurpose) continue;
    NAKADACHI_TRY(SecretBytes master,
                  root_->unwrap(row.wrapped, wrap_context(tenant, row.purpose, row.version)));
    cipher.add_version(row.version, std::move(master));
  }
  return cipher;
}

}  // namespace nakadachi::apps
