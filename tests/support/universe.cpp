#include "universe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/crypto/sealing.hpp"
#include "universe_facts.hpp"

namespace nakadachi::testing {
namespace {

constexpr std::size_t kItems = 3;
constexpr std::int64_t kYearMs = std::int64_t{365} * 24 * 3600 * 1000;

/// Affairs a business system may ask in; the last of kAffairs never.
std::vector<AffairCode> permitted_affairs() {
  std::vector<AffairCode> affairs;
  for (std::size_t i = 0; i + 1 < kAffairs.size(); ++i) {
    affairs.push_back(*AffairCode::parse(kAffairs[i]));
  }
  for (const std::string_view own : kOwnAffairs) affairs.push_back(*AffairCode::parse(own));
  return affairs;
}

/// Of every kind one layout, with more room than `copy_of` takes.
copies::LayoutBook layouts() {
  std::string text;
  for (const std::string_view kind : kKinds) {
    text += fmt::format("layout\t{}\t1\t2015-10-05\t-\tkind\n", kind);
    for (std::size_t item = 1; item <= kItems; ++item) {
      text += fmt::format("item\t{0}\titem {0}\ttext\t200\t{1}\t-\n", item,
                          item == 1 ? "required" : "optional");
    }
  }
  return *copies::LayoutBook::parse(text);
}

}  // namespace

Universe::Universe(std::uint64_t seed, Timestamp present, std::optional<Day> other_law_from)
    : seed_(seed),
      present_(present),
      other_law_from_(other_law_from.value_or(Day{Day::of(present).number + 2})),
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

InformationKind Universe::kind(std::size_t index) { return *InformationKind::parse(kKinds[index]); }

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
  if (person < kPersons) return lot("knows", institution, person, 0, 900);
  return is_sought(person) && person == sought_by(town_of(institution)) && institution % 2 == 0;
}

bool Universe::holds(std::size_t institution, std::size_t person,
                     const InformationKind& kind) const {
  return lot("holds", institution, person, kind.number(), 850);
}

bool Universe::flagged(std::size_t institution, std::size_t person) const {
  return person < kPersons && lot("flagged", institution, person, 0, 60);
}

Universe::Staff Universe::staff_about(std::size_t provider, const AddressNumber& person) const {
  const std::size_t ordinal = person.reveal() % 1'000'000;
  if (!flagged(provider, ordinal)) return Staff::kApprove;
  if (lot("approved", provider, ordinal, 0, 500)) return Staff::kApprove;
  return lot("refused", provider, ordinal, 0, 700) ? Staff::kRefuse : Staff::kLeave;
}

copies::CopyContent Universe::copy_of(std::size_t institution, std::size_t person,
                                      const InformationKind& kind, std::uint64_t dataset) const {
  copies::CopyContent content{.layout_version = 1, .dataset = dataset, .validity = {}, .items = {}};
  for (std::uint16_t item = 1; item <= kItems; ++item) {
    content.items.push_back({item, fmt::format("item {} at {} of {} kind {} load {} {:73}", item,
                                               institution, person, kind.number(), dataset, "")});
  }
  return content;
}

/// What the registered copy answers, as far as the law covers it.
Universe::Expected Universe::answered(const Registered& registered,
                                      const exchange::Subject& subject,
                                      const rules::Verdict& verdict) {
  Expected no_data{.outcome = exchange::Outcome::kNoData, .answer = {}};
  if (!registered) return no_data;
  copies::Selection selection = copies::select(*registered, subject.items);
  const std::size_t uncovered =
      std::erase_if(selection.content.items,
                    [&](const copies::CopyItem& item) { return !verdict.covers(item.number); });
  if (selection.content.items.empty()) return no_data;
  return {.outcome = selection.missing.empty() && uncovered == 0
                         ? exchange::Outcome::kAnswered
                         : exchange::Outcome::kAnsweredInPart,
          .answer = *copies::encode(selection.content),
          .as_far_as_covered = uncovered > 0};
}

crypto::PersonId Universe::person_id(std::size_t person) const {
  const SecretBytes named = secret("person", person);
  return *crypto::PersonId::from(named.view().first(16));
}

AddressNumber Universe::address_of(std::size_t institution, std::size_t person) {
  return *AddressNumber::from_number(1'000'000 * (town_of(institution) + 1) + person);
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
  const tenant_vm::CallersReplaced everybody = callers();
  std::vector<tenant_vm::PartitionSetup> partitions;
  for (const std::size_t town : towns) {
    tenant_vm::PartitionSetup partition{.tenant = tenant(town),
                                        .lane = LaneId{static_cast<std::uint16_t>(town + 1)},
                                        .cipher = cipher(town),
                                        .institutions = {},
                                        .callers = {},
                                        .staff = {},
                                        .quota = {}};
    for (const std::size_t i : {2 * town, 2 * town + 1}) {
      partition.institutions.push_back({.code = codes_[i],
                                        .sealing_secret = secret("sealing", i),
                                        .delegation = crypto::make_delegation(
                                            codes_[i], node_signer.public_key(), present_ - kYearMs,
                                            present_ + kYearMs, *institution_signers_[i])});
      partition.callers.push_back(everybody.systems[i]);
      partition.staff.push_back(everybody.staff[i]);
    }
    partitions.push_back(std::move(partition));
  }
  return {.roots = roots_,
          .registry = *crypto::Registry::open(registry_, roots_, *verifier_),
          .law = node_law(),
          .layouts = layouts(),
          .partitions = std::move(partitions),
          .operators = everybody.operators,
          .members = {tenant(0), tenant(1)},
          .timing = {.status_after_ms = 500, .status_at_most_ms = 8'000},
          .validity_ms = validity_ms_};
}

tenant_vm::CallersReplaced Universe::callers() const {
  tenant_vm::CallersReplaced callers;
  for (std::size_t i = 0; i < kInstitutions; ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    callers.systems.push_back({.system = {number},
                               .institution = codes_[i],
                               .affairs = permitted_affairs(),
                               .answers = {*InformationKind::parse(kKinds[kLiveKind])}});
    callers.staff.push_back(
        {.staff = {number}, .institution = codes_[i], .may_change = true, .may_decide = true});
  }
  callers.operators = {kOperator};
  return callers;
}

national::NationalSetup Universe::national_setup() const {
  std::vector<national::IssuedSymbol> issued;
  for (std::size_t i = 0; i < kInstitutions; ++i) {
    for (std::size_t person = 0; person < kEverybody; ++person) {
      if (knows(i, person))
        issued.push_back({.institution = codes_[i], .person = person_id(person), .issued_at = {}});
    }
  }
  return {.roots = roots_,
          .registry = *crypto::Registry::open(registry_, roots_, *verifier_),
          .law = core_law(),
          .symbol_root = secret("symbols"),
          .issued = std::move(issued),
          .violations = {},
          .latency_ms = 0};
}

exchange::Query Universe::make_query(std::size_t asker, Timestamp now, SeededRandom& random) const {
  const std::size_t person = random.below(kPersons);
  std::size_t provider = random.below(kInstitutions - 1);
  if (provider >= asker) ++provider;
  if (random.chance(800)) provider = 2 * (1 - town_of(asker));    // the other town's mayor
  if (asker % 2 == 0 && random.chance(60)) provider = asker + 1;  // within the body
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
                                     : random.chance(750) ? 1
                                                          : random.below(kKinds.size())]);
  query.subject.non_disclosure = random.chance(100);
  if (random.chance(150)) query.subject.items = {1, 2};
  if (random.chance(50)) query.subject.items = {3, 4};
  if (random.chance(20)) query.subject.items = {4};
  query.subject.section = fmt::format("市民税課 第{}係", asker);
  return query;
}

exchange::Query Universe::make_sought_query(std::size_t town, Timestamp now,
                                            SeededRandom& random) const {
  exchange::Query query{.key = make_request_key(now, random),
                        .person = address_of(2 * town, sought_by(town)),
                        .subject = {}};
  query.subject.asker = codes_[2 * town];
  query.subject.provider = codes_[2 * (1 - town)];
  query.subject.affair = *AffairCode::parse(kAffairs[0]);
  query.subject.procedure = *ProcedureCode::parse("JT01000000000001");
  query.subject.kind = kind(1);
  query.subject.section = fmt::format("市民税課 第{}係", 2 * town);
  return query;
}

void Universe::widen(exchange::Query& query, SeededRandom& random) const {
  const std::size_t asker = system_of(query);
  if (asker % 2 != 0 || !random.chance(250)) return;
  exchange::Subject& subject = query.subject;
  subject.provider = codes_[2 * (1 - town_of(asker))];
  subject.kind = kind(random.chance(800) ? 1 : 0);
  if (random.chance(500)) {
    subject.affair = *AffairCode::parse(kOwnAffairs[random.below(kOwnAffairs.size())]);
  } else {
    subject.affair = *AffairCode::parse(kAffairs[2]);
    subject.procedure =
        *ProcedureCode::parse(random.chance(650) ? "JT01000000000002" : "JT01000000000003");
  }
}

bool Universe::may_be_flagged(std::size_t institution, std::size_t person) const {
  return staff_about(institution, address_of(institution, person)) == Staff::kApprove;
}

bool Universe::waits_for_staff(const exchange::Query& query) const {
  return flagged(index_of(query.subject.provider), query.person.reveal() % 1'000'000);
}

bool Universe::is_live(const InformationKind& kind) { return kind == Universe::kind(kLiveKind); }

bool Universe::is_within_body(const exchange::Query& query) {
  const std::size_t asker = system_of(query);
  return asker % 2 == 0 && query.subject.provider.number() % 100'000 == asker + 1 &&
         query.subject.affair == *AffairCode::parse(kAffairs[0]) &&
         query.subject.kind == *InformationKind::parse(kKinds[1]);
}

std::size_t Universe::person_of(const InstitutionCode& institution, const Symbol& symbol) const {
  crypto::SymbolCipher symbols(secret("symbols"));
  const crypto::PersonId wanted = symbols.person_of(institution, symbol);
  std::size_t person = 0;
  while (person < kEverybody && person_id(person) != wanted) ++person;
  return person;
}

std::optional<copies::CopyContent> Universe::live_answer(
    const exchange::LiveQuestion& question) const {
  const std::size_t provider = index_of(question.subject.provider);
  const std::size_t person = question.person.reveal() % 1'000'000;
  if (!holds(provider, person, question.subject.kind)) return std::nullopt;
  return copy_of(provider, person, question.subject.kind);
}

std::pair<std::size_t, std::size_t> Universe::about(
    const exchange::Inquiry& inquiry, const std::optional<AddressNumber>& within_body) const {
  const exchange::Subject& subject = inquiry.subject;
  const std::size_t person =
      within_body ? within_body->reveal() % 1'000'000 : person_of(subject.asker, inquiry.symbol);
  return {index_of(subject.provider), person};
}

std::pair<std::size_t, std::size_t> Universe::about(const exchange::Permit& permit) const {
  const exchange::Subject& subject = permit.subject;
  return {index_of(subject.provider), person_of(subject.provider, permit.symbol)};
}

Universe::Expected Universe::expected(const exchange::Query& query, const Then& then) const {
  const Timestamp at = then.asked_at.value_or(present_);
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
  const rules::LawBook law = node_law();
  const rules::Verdict verdict = judge(law, subject, at);
  if (!verdict.allowed) return refused(ErrorCode::kNotInLegalTable);
  if (verdict.source != rules::Source::kWithinBodyOrdinance) {
    if (!knows(caller, person)) return refused(ErrorCode::kSymbolNotAcquired);
    if (!judge(core_law(), subject, at).allowed) return refused(ErrorCode::kNotInLegalTable);
    if (!then.bound.value_or(knows(provider, person))) {
      return {.outcome = exchange::Outcome::kProviderHoldsNoSymbol, .answer = {}};
    }
  } else if (!knows(provider, person)) {
    return {.outcome = exchange::Outcome::kNoData, .answer = {}};
  }
  if (flagged(provider, person)) {
    const Staff staff = staff_about(provider, address_of(provider, person));
    if (staff == Staff::kRefuse) return refused(ErrorCode::kIdentityInDoubt);
    if (staff == Staff::kLeave) {
      return {.outcome = exchange::Outcome::kLapsed, .code = ErrorCode::kLapsed, .answer = {}};
    }
  }
  if (then.registered) return answered(*then.registered, subject, verdict);
  Registered first;
  if (holds(provider, person, subject.kind)) first = copy_of(provider, person, subject.kind);
  return answered(first, subject, verdict);
}

}  // namespace nakadachi::testing
