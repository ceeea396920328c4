#include "universe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nakadachi/crypto/sealing.hpp"

namespace nakadachi::testing {
namespace {

constexpr std::array<std::uint32_t, kTowns> kTownCodes = {11002, 12025};

/// The asker's and the provider's table; the core's lacks the last row.
constexpr std::string_view kLaw =
    "48\t1\tJM01000000048000\t1\tTM00000000000002\n"
    "48\t1\tJM01000000048000\t1\tTM00000000000001\n"
    "63\t2\tJM01000000063000\t1\tTM00000000000002\n"
    "106\t1\tJM01000000106000\t1\tTM00000000000002\n";
constexpr std::string_view kOnlyNodesKnow = "132\t1\tJM01000000132000\t1\tTM00000000000003\n";

constexpr std::array<std::string_view, 5> kAffairs = {"JM01000000048000", "JM01000000063000",
                                                      "JM01000000106000", "JM01000000132000",
                                                      "JM01000000999000"};
constexpr std::array<std::string_view, 3> kKinds = {"TM00000000000001", "TM00000000000002",
                                                    "TM00000000000003"};
constexpr std::int64_t kYearMs = std::int64_t{365} * 24 * 3600 * 1000;

/// Affairs a business system may ask in; the last of kAffairs never.
std::vector<AffairCode> permitted_affairs() {
  std::vector<AffairCode> affairs;
  for (std::size_t i = 0; i + 1 < kAffairs.size(); ++i) {
    affairs.push_back(*AffairCode::parse(kAffairs[i]));
  }
  return affairs;
}

std::uint16_t class_of(std::size_t institution) {
  return static_cast<std::uint16_t>(institution % 2 == 0
                                        ? rules::InstitutionClass::kMayor
                                        : rules::InstitutionClass::kEducationBoard);
}

}  // namespace

Universe::Universe(std::uint64_t seed, Timestamp present)
    : seed_(seed),
      present_(present),
      real_signatures_(seed % 16 == 7),
      validity_ms_(seed % 3 == 0 ? 4'000 : 60'000),
      verifier_(real_signatures_ ? static_cast<const crypto::Verifier*>(&ed25519_verifier_)
                                 : &test_verifier_) {
  core_signer_ = make_signer("core");
  registry_signer_ = make_signer("registry");
  roots_ = {.core_key = core_signer_->public_key(),
            .registry_key = registry_signer_->public_key(),
            .simulated = true};
  std::vector<crypto::RegistryEntry> entries;
  for (std::size_t i = 0; i < kInstitutions; ++i) {
    const auto code = InstitutionCode::parse(
        fmt::format("{:05}{:06}{:05}", 10000 + i, kTownCodes[town_of(i)], i));
    codes_.push_back(*code);
    institution_signers_.push_back(make_signer(fmt::format("institution {}", i)));
    crypto::RegistryEntry entry;
    entry.code = *code;
    entry.tenant = tenant(town_of(i));
    entry.institution_class = class_of(i);
    entry.name = fmt::format("institution {}", i);
    entry.signing_key = institution_signers_.back()->public_key();
    entry.sealing_key = crypto::SealingKey(secret("sealing", i)).public_key();
    entries.push_back(std::move(entry));
  }
  registry_ = crypto::Registry::make(std::move(entries), 1, present_, *registry_signer_);
}

TenantId Universe::tenant(std::size_t town) const { return TenantId{kTownCodes[town]}; }

std::unique_ptr<crypto::Signer> Universe::make_signer(std::string_view name) const {
  if (real_signatures_) return std::make_unique<crypto::Ed25519Signer>(secret(name));
  return std::make_unique<TestSigner>(secret(name), test_verifier_);
}

SecretBytes Universe::secret(std::string_view name, std::size_t index) const {
  Bytes number;
  append_big_endian<8>(number, seed_);
  append_big_endian<8>(number, index);
  return SecretBytes(crypto::sha256({as_bytes("sim secret"), as_bytes(name), number}).view());
}

bool Universe::lot(std::string_view name, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                   unsigned permille) const {
  Bytes numbers;
  for (const std::uint64_t number : {seed_, a, b, c}) append_big_endian<8>(numbers, number);
  const Digest drawn = crypto::sha256({as_bytes("sim lot"), as_bytes(name), numbers});
  return (drawn.view()[0] * 256U + drawn.view()[1]) % 1000 < permille;
}

bool Universe::knows(std::size_t institution, std::size_t person) const {
  return lot("knows", institution, person, 0, 900);
}

bool Universe::holds(std::size_t institution, std::size_t person,
                     const InformationKind& kind) const {
  return lot("holds", institution, person, kind.number(), 850);
}

Bytes Universe::copy_of(std::size_t institution, std::size_t person,
                        const InformationKind& kind) const {
  const std::string text =
      fmt::format("copy at {} of person {} kind {} {:300}", institution, person, kind.number(), "");
  return {text.begin(), text.end()};
}

crypto::PersonId Universe::person_id(std::size_t person) const {
  const SecretBytes named = secret("person", person);
  return *crypto::PersonId::from(named.view().first(16));
}

AddressNumber Universe::address_of(std::size_t institution, std::size_t person) {
  return *AddressNumber::from_number(1'000'000 * (institution + 1) + person);
}

std::size_t Universe::index_of(const InstitutionCode& code) const {
  return static_cast<std::size_t>(std::find(codes_.begin(), codes_.end(), code) - codes_.begin());
}

crypto::TenantCipher Universe::cipher(std::size_t town) const {
  crypto::TenantCipher made(tenant(town));
  made.add_version(1, secret("master", town));
  return made;
}

tenant_vm::NodeSetup Universe::node_setup(const std::vector<std::size_t>& towns,
                                          const crypto::Signer& node_signer) const {
  std::vector<tenant_vm::PartitionSetup> partitions;
  crypto::SymbolCipher symbols(secret("symbols"));
  SeededRandom random(seed_);
  const auto map_keys = std::make_shared<const symbols::MapKeys>(random);
  for (const std::size_t town : towns) {
    tenant_vm::PartitionSetup partition{.tenant = tenant(town),
                                        .lane = LaneId{static_cast<std::uint16_t>(town + 1)},
                                        .cipher = cipher(town),
                                        .institutions = {},
                                        .callers = {},
                                        .quota = {}};
    for (const std::size_t i : {2 * town, 2 * town + 1}) {
      std::vector<symbols::SymbolMap::Binding> bindings;
      tenant_vm::InstitutionSetup made;
      made.code = codes_[i];
      made.sealing_secret = secret("sealing", i);
      made.delegation =
          crypto::make_delegation(codes_[i], node_signer.public_key(), present_ - kYearMs,
                                  present_ + kYearMs, *institution_signers_[i]);
      for (std::size_t person = 0; person < kPersons; ++person) {
        if (!knows(i, person)) continue;
        bindings.emplace_back(address_of(i, person),
                              symbols.symbol_of(codes_[i], person_id(person)));
        for (const std::string_view text : kKinds) {
          const auto kind = *InformationKind::parse(text);
          if (holds(i, person, kind))
            made.copies.put(address_of(i, person), kind, copy_of(i, person, kind));
        }
      }
      made.symbols = *symbols::SymbolMap::make(map_keys, bindings);
      partition.institutions.push_back(std::move(made));
      partition.callers.push_back({.system = {static_cast<std::uint32_t>(i + 1)},
                                   .institution = codes_[i],
                                   .affairs = permitted_affairs()});
    }
    partitions.push_back(std::move(partition));
  }
  return {.roots = roots_,
          .registry = *crypto::Registry::open(registry_, roots_, *verifier_),
          .law = *rules::LegalTable::parse(std::string(kLaw) + std::string(kOnlyNodesKnow)),
          .partitions = std::move(partitions),
          .timing = {.status_after_ms = 500, .status_at_most_ms = 8'000},
          .validity_ms = validity_ms_};
}

national::NationalSetup Universe::national_setup() const {
  return {.roots = roots_,
          .registry = *crypto::Registry::open(registry_, roots_, *verifier_),
          .law = *rules::LegalTable::parse(kLaw),
          .symbol_root = secret("symbols"),
          .latency_ms = 0};
}

exchange::Query Universe::make_query(std::size_t asker, Timestamp now, SeededRandom& random) const {
  const std::size_t person = random.below(kPersons);
  std::size_t provider = random.below(kInstitutions - 1);
  if (provider >= asker) ++provider;
  if (random.chance(800)) provider = 2 * (1 - town_of(asker));  // the other town's mayor
  const auto mayor_affairs = std::array<std::size_t, 2>{0, 2};
  std::size_t affair = asker % 2 == 0 ? mayor_affairs[random.below(2)] : 1;
  if (random.chance(150)) affair = random.below(kAffairs.size());
  exchange::Query query{
      .key = make_request_key(now, random), .person = address_of(asker, person), .subject = {}};
  query.subject.asker = codes_[random.chance(20) ? provider : asker];
  query.subject.provider = codes_[provider];
  query.subject.affair = *AffairCode::parse(kAffairs[affair]);
  query.subject.procedure = *ProcedureCode::parse("JT01000000000001");
  query.subject.kind =
      *InformationKind::parse(kKinds[affair == 3          ? 2
                                     : random.chance(900) ? 1
                                                          : random.below(kKinds.size())]);
  query.subject.non_disclosure = random.chance(100);
  query.subject.section = "市民税課";
  return query;
}

Universe::Expected Universe::expected(const exchange::Query& query) const {
  const std::size_t caller = system_of(query);
  const std::size_t person = query.person.reveal() % 1'000'000;
  const exchange::Subject& subject = query.subject;
  const std::size_t provider = index_of(subject.provider);
  const auto refused = [](ErrorCode code) {
    return Expected{.outcome = exchange::Outcome::kRefused, .code = code, .answer = {}};
  };
  if (subject.asker != codes_[caller]) return refused(ErrorCode::kInstitutionNotAllowed);
  const auto affairs = permitted_affairs();
  if (std::find(affairs.begin(), affairs.end(), subject.affair) == affairs.end()) {
    return refused(ErrorCode::kAffairNotAllowed);
  }
  const auto allows = [&](std::string_view law) {
    return rules::LegalTable::parse(law)
        ->judge(rules::InstitutionClass{class_of(caller)}, subject.affair,
                rules::InstitutionClass{class_of(provider)}, subject.kind)
        .allowed;
  };
  if (!allows(std::string(kLaw) + std::string(kOnlyNodesKnow))) {
    return refused(ErrorCode::kNotInLegalTable);
  }
  if (!knows(caller, person)) {
    return {.recorded = false, .code = ErrorCode::kSymbolNotAcquired, .answer = {}};
  }
  if (!allows(kLaw)) return refused(ErrorCode::kNotInLegalTable);
  if (!knows(provider, person)) {
    return {.outcome = exchange::Outcome::kProviderHoldsNoSymbol, .answer = {}};
  }
  if (!holds(provider, person, subject.kind)) {
    return {.outcome = exchange::Outcome::kNoData, .answer = {}};
  }
  return {.answer = copy_of(provider, person, subject.kind)};
}

}  // namespace nakadachi::testing
