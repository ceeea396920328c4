#include "apps/common/demo_pool.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "apps/common/config.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/sealing.hpp"
#include "nakadachi/rules/institution_class.hpp"
#include "nakadachi/storage/migrations.hpp"

namespace nakadachi::apps {
namespace {

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
  struct Stage {
    std::string_view name;
    const char* host;
    Result<void> (DemoPool::*work)();
  };
  const std::array<Stage, 11> stages = {
      {{"preparing the directory", "operators", &DemoPool::make_directory},
       {"starting a private PostgreSQL", "postgres", &DemoPool::start_database},
       {"joining the towns", "postgres", &DemoPool::join_towns},
       {"signing the registry", "national_system", &DemoPool::init_national},
       {"starting the reference national system", "national_system", &DemoPool::start_national},
       {"starting the gateway", "gateway", &DemoPool::start_gateway},
       {"starting the node", "node", &DemoPool::start_node},
       {"acquiring symbols", "operators", &DemoPool::acquire_symbols},
       {"registering copies", "operators", &DemoPool::register_copies},
       {"setting flags", "operators", &DemoPool::set_flags},
       {"letting business systems answer", "operators", &DemoPool::set_answer_modes}}};
  for (const Stage& stage : stages) {
    tell(stage.name);
    NAKADACHI_CHECK(pool->at(stage.host, [&] { return (pool.get()->*stage.work)(); }));
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

Result<void> DemoPool::at(const std::string& host,
                          const std::function<Result<void>()>& work) const {
  return plan_.network.at ? plan_.network.at(host, work) : work();
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
  directory_ = std::filesystem::absolute(plan_.directory).string();
  std::error_code problem;
  std::filesystem::create_directories(directory_, problem);
  if (problem || !std::filesystem::is_empty(directory_, problem)) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = plan_.directory + " must be an empty or new directory"};
  }
  if (plan_.keep && std::filesystem::exists(database_directory(), problem)) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = database_directory() +
                           " is there already: remove it first, or keep the "
                           "pool elsewhere"};
  }
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, problem);
  return {};
}

/// Of a pool that is kept. Not below our own private directory: as root the server runs as another
/// account.
std::string DemoPool::database_directory() const { return directory_ + "-postgres"; }

Result<void> DemoPool::start_database() {
  storage::PrivateCluster::Options options;
  if (plan_.keep) options.directory = database_directory();
  options.keep = plan_.keep;
  options.address = plan_.network.database;
  options.trusted_clients = plan_.network.database_clients;
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
  std::vector<InstitutionCode> codes;
  codes.reserve(systems_.size());
  for (const System& system : systems_) codes.push_back(system.institution);
  NAKADACHI_TRY(layouts_, load_layouts());
  residents_.emplace(ResidentsPlan{.towns = plan_.towns,
                                   .persons = plan_.persons,
                                   .persons_of_town = persons_by_population(towns_, plan_.scale),
                                   .answer_bytes = plan_.answer_bytes,
                                   .everything_answered = plan_.everything_answered,
                                   .seed = plan_.seed},
                     std::move(codes), *layouts_);
  NAKADACHI_CHECK(write_callers());
  NAKADACHI_CHECK(write_ordinances());
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
    systems_.push_back({.institution = code,
                        .keys = socket::CurveKeyPair::make(),
                        .staff_keys = socket::CurveKeyPair::make()});
  }
  return {};
}

Result<void> DemoPool::write_callers() {
  std::vector<BusinessSystem> systems;
  std::vector<StaffRow> staff;
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    systems.push_back({.number = number,
                       .institution = systems_[i].institution,
                       .key = systems_[i].keys.public_key(),
                       .affairs = residents_->affairs_of(i),
                       .answers = {}});
    if (is_mayor(i)) systems.back().answers = {DemoResidents::live_kind()};
    staff.push_back({.number = number,
                     .institution = systems_[i].institution,
                     .key = systems_[i].staff_keys.public_key(),
                     .may_change = true,
                     .may_decide = true});
  }
  staff.push_back({.number = static_cast<std::uint32_t>(systems_.size() + 1),
                   .institution = std::nullopt,
                   .key = operator_keys_.public_key()});
  NAKADACHI_CHECK(write_private_file(file("systems.tsv"), write_systems(systems)));
  return write_private_file(file("staff.tsv"), write_staff(staff));
}

/// Every town lets its education board ask its mayor in one affair of its own, and its mayor
/// those of other towns in another, which is treated as one of the table.
Result<void> DemoPool::write_ordinances() const {
  std::string text;
  for (const Municipality& town : towns_) {
    fmt::format_to(std::back_inserter(text),
                   "within\t{}\t{}\t-\t2\t1\t{}\t2015-10-05\t-\t個人番号の利用に関する条例\n",
                   town.code.text(), DemoResidents::own_affair().text(),
                   DemoResidents::own_kind().text());
    fmt::format_to(std::back_inserter(text),
                   "network\t{}\t{}\t{}\t1\t1\t{}\t2015-10-05\t-\t医療費の助成に関する条例\n",
                   town.code.text(), DemoResidents::network_affair().text(),
                   DemoResidents::treated_as().text(), DemoResidents::own_kind().text());
  }
  return write_private_file(file("ordinances.tsv"), text);
}

/// What a person needs to try commands while the pool stands.
Result<void> DemoPool::keep_keys() const {
  if (!plan_.keep) return {};
  for (const System& system : systems_) {
    const std::string code = system.institution.text();
    NAKADACHI_CHECK(system.keys.save(file(fmt::format("system-{}.curve", code))));
    NAKADACHI_CHECK(system.staff_keys.save(file(fmt::format("staff-{}.curve", code))));
  }
  return operator_keys_.save(file("operator.curve"));
}

/// Where everything is to be reached, for a shell.
Result<void> DemoPool::tell_access() const {
  if (!plan_.keep) return {};
  return write_private_file(
      file("access.env"),
      fmt::format("NAKADACHI_ADMIN_ENDPOINT='{0}'\nNAKADACHI_ADMIN_SERVER_KEY='{1}'\n"
                  "NAKADACHI_OLTP_ENDPOINT='{2}'\nNAKADACHI_OLTP_SERVER_KEY='{1}'\n"
                  "NAKADACHI_TRUST='{3}'\nNAKADACHI_REGISTRY='{4}'\n"
                  "NAKADACHI_NODE_LOGIN='{5}'\nNAKADACHI_FINANCE_LOGIN='{6}'\n"
                  "NAKADACHI_OPERATOR_LOGIN='{7}'\n",
                  admin_endpoint_, to_z85(oltp_key_), oltp_endpoint_, file("national/trust.toml"),
                  file("national/registry.bin"), cluster_->login("nakadachi_node"),
                  cluster_->login("nakadachi_finance"), cluster_->login("nakadachi_operator")));
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

Result<void> DemoPool::init_national() {
  std::vector<std::string> arguments = {plan_.program_directory + "/nakadachi-national",
                                        "init",
                                        "--directory",
                                        file("national"),
                                        "--institutions",
                                        file("institutions.tsv")};
  std::string last = "national/trust.toml";
  if (!plan_.acquire) {
    std::vector<KnownPerson> persons;
    for (const DemoResidents::Known& known : residents_->known()) {
      persons.push_back({systems_[known.institution].institution, known.personal_number});
    }
    NAKADACHI_CHECK(write_private_file(file("persons.tsv"), write_known_persons(persons)));
    arguments.insert(arguments.end(), {"--persons", file("persons.tsv")});
    last = "national/symbols.tsv";
  }
  const std::string log = file("national-init.log");
  NAKADACHI_TRY(ChildProcess init, ChildProcess::start(arguments, log));
  const auto done = wait_until_ready(init, file(last), log);
  if (!done) return done.error();
  return {};
}

Result<void> DemoPool::start_national() {
  NAKADACHI_TRY(const auto keys, make_curve_key("national"));
  NAKADACHI_TRY(const auto gateway_keys, make_curve_key("gateway-to-national"));
  NAKADACHI_TRY(const auto resident_keys, make_curve_key("residents"));
  national_key_ = keys.public_key();
  gateway_key_at_national_ = gateway_keys.public_key();
  NAKADACHI_CHECK(write_private_file(
      file("national.toml"),
      fmt::format("[national]\nendpoint = \"{}\"\nkey_file = \"national.curve\"\n"
                  "gateway_keys = ['{}']\nlatency_ms = {}\nviolations = \"violations.tsv\"\n\n"
                  "[law]\nordinances = \"ordinances.tsv\"\n\n"
                  "[resident]\nendpoint = \"tcp://127.0.0.1:*\"\nkeys = ['{}']\n",
                  plan_.network.national, to_z85(gateway_key_at_national_),
                  plan_.national_latency_ms, to_z85(resident_keys.public_key()))));
  std::string violations;
  if (const auto suspended = residents_->suspended()) {
    violations = fmt::format("{}\t{}\n", systems_[suspended->institution].institution.text(),
                             suspended->kind.text());
  }
  NAKADACHI_CHECK(write_private_file(file("violations.tsv"), violations));
  NAKADACHI_TRY(const std::string endpoints,
                start_process(national_, "national",
                              {"nakadachi-national", "serve", "--directory", file("national")}));
  const auto lines = split(endpoints, '\n');
  national_endpoint_ = std::string(lines.front());
  resident_endpoint_ = std::string(lines.back());
  return {};
}

Result<void> DemoPool::start_gateway() {
  NAKADACHI_TRY(const auto keys, make_curve_key("gateway"));
  NAKADACHI_TRY(const auto link_keys, make_curve_key("node-link"));
  gateway_key_ = keys.public_key();
  link_key_ = link_keys.public_key();
  NAKADACHI_CHECK(
      write_private_file(file("nodes.tsv"), write_nodes({{.number = 1, .key = link_key_}})));
  NAKADACHI_CHECK(write_private_file(
      file("gateway.toml"),
      fmt::format("[nodes]\nendpoint = \"{}\"\nkey_file = \"gateway.curve\"\n"
                  "keys = \"nodes.tsv\"\n\n[national]\nendpoint = \"{}\"\npublic_key = '{}'\n"
                  "key_file = \"gateway-to-national.curve\"\n\n{}",
                  plan_.network.nodes, national_endpoint_, to_z85(national_key_),
                  walls_config("gateway"))));
  NAKADACHI_TRY(gateway_endpoint_, start_process(gateway_, "gateway", {"nakadachi", "gateway"}));
  return {};
}

std::string DemoPool::walls_config(std::string_view host) const {
  if (plan_.network.walls.empty()) return {};
  return fmt::format("[walls]\nmodel = \"{}\"\nhost = \"{}\"\n\n", plan_.network.walls, host);
}

storage::PostgresLogins DemoPool::logins_of_node() const {
  if (plan_.network.database.empty()) return cluster_->logins();
  const auto login = [&](std::string_view role) {
    return fmt::format("host={} port=5432 user={} dbname=postgres", plan_.network.database, role);
  };
  return {.train = login("nakadachi_train"), .node = login("nakadachi_node")};
}

std::string DemoPool::node_config() const {
  const storage::PostgresLogins logins = logins_of_node();
  return fmt::format(
      "[node]\nname = \"demo node\"\nprofile = \"demo\"\n\n"
      "[database]\ntrain = \"{}\"\nnode = \"{}\"\n\n"
      "[keys]\nroot_key_file = \"root.key\"\npassphrase_file = \"passphrase\"\n\n"
      "[oltp]\nendpoint = \"{}\"\nkey_file = \"oltp.curve\"\n"
      "systems = \"systems.tsv\"\n\n"
      "[gateway]\nendpoint = \"{}\"\npublic_key = '{}'\nkey_file = \"node-link.curve\"\n\n"
      "[admin]\nendpoint = \"{}\"\nstaff = \"staff.tsv\"\n\n"
      "[law]\nordinances = \"ordinances.tsv\"\n\n"
      "[acquisition]\nprefix = \"90\"\ndigits = 17\nperiod_days = 60\n\n"
      "[exchange]\nvalidity_s = {}\n\n{}",
      logins.train, logins.node, plan_.network.oltp, gateway_endpoint_, to_z85(gateway_key_),
      plan_.network.admin, plan_.validity_s, walls_config(plan_.network.node));
}

Result<void> DemoPool::start_node() {
  NAKADACHI_TRY(const auto keys, make_curve_key("oltp"));
  oltp_key_ = keys.public_key();
  NAKADACHI_TRY(const TrustConfig trust, load_trust(file("national/trust.toml")));
  NAKADACHI_TRY(crypto::Registry registry, load_registry(trust, file("national/registry.bin")));
  registry_ = std::make_shared<const crypto::Registry>(std::move(registry));
  NAKADACHI_CHECK(write_private_file(
      file("node.toml"),
      node_config() + write_trust(trust) + "registry = \"national/registry.bin\"\n"));
  NAKADACHI_CHECK(keep_keys());
  return run_node();
}

Result<void> DemoPool::reopen() {
  std::error_code ignored;  // whoever waits for it must not see the former one
  std::filesystem::remove(file("node.ready"), ignored);
  return at("node", [this] { return run_node(); });
}

Result<void> DemoPool::run_node() {
  NAKADACHI_TRY(const std::string endpoints, start_process(node_, "node", {"nakadachi", "node"}));
  const auto lines = split(endpoints, '\n');
  oltp_endpoint_ = std::string(lines.front());
  admin_endpoint_ = std::string(lines.back());
  return tell_access();
}

// What the towns hold ---------------------------------------------------------

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
