#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/crypto/symbol_cipher.hpp"
#include "nakadachi/national/national_core.hpp"
#include "nakadachi/storage/memory_store.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "test_signing.hpp"

namespace nakadachi::testing {

inline constexpr std::size_t kTowns = 2;
inline constexpr std::size_t kInstitutions = 4;  // mayor and education board of each town
inline constexpr std::size_t kPersons = 40;
inline constexpr std::size_t kNewcomers = 2;    // persons whose symbols are acquired in a run
inline constexpr std::size_t kSought = kTowns;  // persons of whom one mayor lacks the symbol
inline constexpr std::size_t kEverybody = kPersons + kNewcomers + kSought;
inline constexpr Timestamp kStart{1'800'000'000'000};
inline constexpr tenant_vm::StaffId kOperator{1'000};

/// What the outside world knows for sure: who lives where, who holds what, and
/// so what every query should lead to. Made from the seed; never changes in a run.
class Universe {
 public:
  /// Delegations are good for a year around `present`. The legal table that holds then ends
  /// with the day before `other_law_from`, when another begins; the day after next unless given.
  explicit Universe(std::uint64_t seed, Timestamp present = kStart,
                    std::optional<Day> other_law_from = {});

  struct Expected {
    exchange::Outcome outcome = exchange::Outcome::kAnswered;
    ErrorCode code = ErrorCode::kInternal;
    Bytes answer;
    bool as_far_as_covered = false;  ///< items are left out because no law covers them
  };

  /// Puts what all towns hold from the beginning into the store.
  void found(storage::MemoryStore& store) const;

  /// The person whom the mayor of `town` knows by a symbol and the other town's mayor by name
  /// and copies only.
  static std::size_t sought_by(std::size_t town) { return kPersons + kNewcomers + town; }
  static bool is_sought(std::size_t person) {
    return person >= sought_by(0) && person < kEverybody;
  }
  /// What the two towns know of them; when they have `moved`, the other town has an address that
  /// is no longer true.
  void found_sought(storage::MemoryStore& store, bool moved) const;
  static symbols::PersonItems sought_items(std::size_t town, bool moved = false);
  /// What that mayor asks the other about the person: by law the other may answer.
  exchange::Query make_sought_query(std::size_t town, Timestamp now, SeededRandom& random) const;

  /// What staff do with a request that waits for them.
  enum class Staff : std::uint8_t { kApprove, kRefuse, kLeave };

  tenant_vm::NodeSetup node_setup(const std::vector<std::size_t>& towns,
                                  const crypto::Signer& node_signer) const;
  /// The callers of that setup, as a later event names them.
  tenant_vm::CallersReplaced callers() const;
  national::NationalSetup national_setup() const;
  exchange::Query make_query(std::size_t asker, Timestamp now, SeededRandom& random) const;
  /// Turns some queries of mayors into ones about affairs of their own (番号法19条9号), or by
  /// procedures that the second level of the table restricts or does not name.
  void widen(exchange::Query& query, SeededRandom& random) const;
  /// Files that violate 番号法 28条, once the core system is told of them; of an asker's affair
  /// and of a provider's kind.
  std::vector<national::AssessmentViolation> violations() const;
  /// Whether what this would be answered from or recorded in is among them.
  bool is_suspended(const exchange::Subject& subject) const;
  crypto::PersonId person_id(std::size_t person) const;
  Symbol symbol_of(std::size_t institution, std::size_t person) const;
  /// A flag on this person, whenever it is set, changes no outcome.
  bool may_be_flagged(std::size_t institution, std::size_t person) const;
  /// Whether the provider has to ask its staff (if the question gets that far).
  bool waits_for_staff(const exchange::Query& query) const;
  /// Whether the provider's business system answers (if the question gets that far).
  static bool is_live(const InformationKind& kind);
  static bool is_live(const exchange::Query& query) { return is_live(query.subject.kind); }
  /// Whether the question stays within its town.
  static bool is_within_body(const exchange::Query& query);
  /// What the business system of a provider hands over about a person; nothing when
  /// there is no data.
  std::optional<copies::CopyContent> live_answer(const exchange::LiveQuestion& question) const;
  /// Provider and person an inquiry is about; `within_body` names the person of one that
  /// stays within a body.
  std::pair<std::size_t, std::size_t> about(const exchange::Inquiry& inquiry,
                                            const std::optional<AddressNumber>& within_body) const;
  std::pair<std::size_t, std::size_t> about(const exchange::Permit& permit) const;
  /// Whether the store binds the person to a symbol, with no acquisition left.
  bool binds(const storage::MemoryStore& store, std::size_t institution, std::size_t person) const;
  /// What the provider's staff decide about a person; they approve where nothing is flagged
  /// from the beginning.
  Staff staff_about(std::size_t provider, const AddressNumber& person) const;
  /// What a provider has registered of a person; nothing: no copy.
  using Registered = std::optional<copies::CopyContent>;
  /// How it was when a question was answered; as in the beginning unless given.
  struct Then {
    std::optional<Timestamp> asked_at = {};  ///< decides by which law
    std::optional<Registered> registered = {};
    std::optional<bool> bound = {};  ///< whether the provider had a symbol
  };
  /// As if no file violated Article 28.
  Expected expected(const exchange::Query& query, const Then& then) const;
  Expected expected(const exchange::Query& query) const { return expected(query, Then()); }
  /// Whether the towns' law allows the question when it was asked then.
  bool allows(const exchange::Subject& subject, Timestamp asked_at) const;
  /// Whether that law allows every item of the answer; false when it allows no answer.
  bool covers(const exchange::Subject& subject, Timestamp asked_at,
              const copies::CopyContent& answer) const;
  /// Whether an ordinance through the network is what allows it.
  bool is_by_ordinance(const exchange::Subject& subject, Timestamp asked_at) const;
  /// What a load registers of a person; the first is there from the beginning.
  copies::CopyContent copy_of(std::size_t institution, std::size_t person,
                              const InformationKind& kind, std::uint64_t dataset = 1) const;
  /// Whether the institution has the person's symbol from the beginning.
  bool knows(std::size_t institution, std::size_t person) const;
  bool holds(std::size_t institution, std::size_t person, const InformationKind& kind) const;
  /// 自動応答不可 from the beginning, of every kind and for good.
  bool flagged(std::size_t institution, std::size_t person) const;
  /// The kinds of information, the last answered by business systems themselves.
  static InformationKind kind(std::size_t index);
  crypto::TenantCipher cipher(std::size_t town) const;

  InstitutionCode institution(std::size_t index) const { return codes_[index]; }
  TenantId tenant(std::size_t town) const;
  static std::size_t town_of(std::size_t institution) { return institution / 2; }
  std::unique_ptr<crypto::Signer> make_signer(std::string_view name) const;
  std::shared_ptr<const crypto::Registry> registry() const {
    return std::make_shared<const crypto::Registry>(
        *crypto::Registry::open(registry_, roots_, *verifier_));
  }
  const crypto::Verifier& verifier() const { return *verifier_; }
  const crypto::Signer& core_signer() const { return *core_signer_; }
  /// Institutions of one town know a person by the same number.
  static AddressNumber address_of(std::size_t institution, std::size_t person);
  static std::size_t ordinal_of(const AddressNumber& address) {
    return address.reveal() % 1'000'000;
  }
  std::size_t index_of(const InstitutionCode& code) const;
  /// The business system (index of its institution) that asks; its section says so.
  static std::size_t system_of(const exchange::Query& query) {
    const std::string& section = query.subject.section;
    return static_cast<std::size_t>(section[section.find_first_of("0123")] - '0');
  }

 private:
  rules::LawBook core_law() const;
  rules::LawBook node_law() const;
  rules::Verdict judge(const rules::LawBook& law, const exchange::Subject& subject,
                       Timestamp asked_at) const;
  static Expected answered(const Registered& registered, const exchange::Subject& subject,
                           const rules::Verdict& verdict);
  struct Shelf;
  void add_symbol(Shelf& shelf, std::size_t institution, std::size_t person) const;
  void add_copies(Shelf& shelf, std::size_t institution, std::size_t person) const;
  std::vector<storage::Holding> holdings(std::size_t town) const;
  std::size_t person_of(const InstitutionCode& institution, const Symbol& symbol) const;
  SecretBytes secret(std::string_view name, std::size_t index = 0) const;
  bool lot(std::string_view name, std::uint64_t a, std::uint64_t b, std::uint64_t c,
           unsigned permille) const;

  std::uint64_t seed_;
  Timestamp present_;
  Day other_law_from_;
  bool real_signatures_;
  std::int64_t validity_ms_;
  std::vector<InstitutionCode> codes_;
  mutable TestVerifier test_verifier_;
  crypto::Ed25519Verifier ed25519_verifier_;
  const crypto::Verifier* verifier_;
  std::vector<std::unique_ptr<crypto::Signer>> institution_signers_;
  std::unique_ptr<crypto::Signer> core_signer_;
  std::unique_ptr<crypto::Signer> registry_signer_;
  crypto::TrustRoots roots_;
  Bytes registry_;
};

}  // namespace nakadachi::testing
