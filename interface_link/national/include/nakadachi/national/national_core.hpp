#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/symbol_cipher.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/proven_batch.hpp"

namespace nakadachi::national {

/// A symbol that was issued, and the 取得番号 it was asked by for as long as the
/// institution has not said that it has the symbol.
struct IssuedSymbol {
  InstitutionCode institution;
  crypto::PersonId person;
  Timestamp issued_at;                   ///< zero: before this system began
  std::uint64_t unconfirmed_number = 0;  ///< 0: confirmed
};

/// 番号法 28条 violated for one file (特定個人情報ファイル): the file of an affair, into which
/// an asker records, or of a kind of information, from which a provider answers.
/// Neither given: every file of the institution.
struct AssessmentViolation {
  InstitutionCode institution;
  std::optional<AffairCode> affair;
  std::optional<InformationKind> kind;
};

struct NationalSetup {
  crypto::TrustRoots roots;
  crypto::Registry registry;
  rules::LawBook law;
  SecretBytes symbol_root;  ///< crypto::SymbolCipher
  std::vector<IssuedSymbol> issued;
  std::vector<AssessmentViolation> violations;
  std::int64_t latency_ms = 0;  ///< what the real network would add, each way
};

struct NationalCounts {
  std::uint64_t permits = 0;
  std::uint64_t refusals = 0;
  std::uint64_t relayed = 0;
  std::uint64_t symbols_issued = 0;
  std::uint64_t already_acquired = 0;  ///< hand-overs of a person whose symbol is there
  std::map<ErrorCode, std::uint64_t> errors;
};

/// The reference national system as a pure state machine: core system
/// (コアシステム: judges, translates symbols, signs permits and refusals) and
/// interface system (インターフェイスシステム: relays what it cannot read).
///
/// Keeps nothing of an exchange: a request seen twice gets two permits of the
/// same content, and the provider honours one; or two refusals, since law and symbols are looked
/// at as they were when it was asked (by the asker's clock). Keeps who has acquired whose symbol;
/// a symbol notice is sent again until the institution confirms it. Where the real specification is
/// not public it keeps to 番号法 21条, 21条の2, 施行令 20条–28条, 施行命令 40条–46条.
/// One thread.
class NationalCore {
 public:
  /// `core_signer` is the key of `setup.roots.core_key`. All outlive the core.
  NationalCore(NationalSetup setup, const crypto::Signer& core_signer,
               const crypto::Verifier& verifier, Random& random);

  /// Takes in a frame's items. What they lead to comes out of `due`.
  void on_items(std::vector<wire::LinkItem> items, Timestamp now);

  /// 機構 hands over: the person whom `institution` means by this 取得番号 (Cabinet
  /// Order 27(3)). Leads to a symbol notice. Handed over again before the institution
  /// has confirmed, the same number gets the same symbol; any other number of a
  /// person whose symbol is there gets "already acquired".
  void on_hand_over(const InstitutionCode& institution, std::uint64_t acquisition_number,
                    const crypto::PersonId& person, Timestamp now);

  /// From now on these are the law and the files that violate Article 28.
  void replace_law(rules::LawBook law, std::vector<AssessmentViolation> violations);

  /// What changed about issued symbols since the last call: to be stored before what
  /// `due` returns is sent. A later entry of a person and institution replaces a former.
  std::vector<IssuedSymbol> take_issued() { return std::exchange(newly_issued_, {}); }

  /// What may leave by now, signed. Call after `on_items` and at `deadline`.
  std::vector<wire::LinkItem> due(Timestamp now);

  /// When `due` will have something next.
  std::optional<Timestamp> deadline() const;

  const NationalCounts& counts() const noexcept { return counts_; }

 private:
  struct Waiting {
    Timestamp at;
    wire::LinkItem item;
    bool to_sign = false;
  };
  void on_inquiry(const wire::LinkItem& item, Timestamp now);
  void on_receipt(const wire::LinkItem& item);
  void send_symbol(const InstitutionCode& institution, std::uint64_t acquisition_number,
                   bool already_acquired, const crypto::PersonId& person, Timestamp now);
  bool violates(const exchange::Subject& subject) const;
  void relay(wire::LinkItem item, Timestamp now);
  void refuse(const exchange::Inquiry& inquiry, const Digest& request_hash, ErrorCode reason,
              Timestamp now);
  void wait(wire::LinkItem item, bool to_sign, Timestamp now);
  void count(ErrorCode code) { ++counts_.errors[code]; }

  NationalSetup setup_;
  const crypto::Signer* core_signer_;
  Random* random_;
  wire::ItemVerifier items_;
  crypto::SymbolCipher symbols_;
  using Acquisition = std::pair<InstitutionCode, std::uint64_t>;
  void add_unconfirmed(const Acquisition& acquisition, const crypto::PersonId& person);
  void send_unconfirmed(Timestamp now);

  using Holder = std::pair<InstitutionCode, crypto::PersonId>;
  struct Issue {
    Timestamp at;
    std::uint64_t unconfirmed_number = 0;  // or 0
  };
  std::map<Holder, Issue> issued_;
  struct Unconfirmed {
    crypto::PersonId person;
    Timestamp send_at;
    std::int64_t pause_ms = 0;
  };
  std::map<Acquisition, Unconfirmed> unconfirmed_;
  std::set<std::pair<Timestamp, Acquisition>> to_send_;  // the same, by time
  std::vector<IssuedSymbol> newly_issued_;
  std::deque<Waiting> waiting_;  // in order of time: the latency is the same for all
  std::uint64_t batch_number_ = 0;
  NationalCounts counts_;
};

}  // namespace nakadachi::national
