#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/symbol_mapping/symbol_map.hpp"

namespace nakadachi::symbols {

/// The numbers an institution may assign as 取得番号 (施行命令 41条の2: those made
/// as the Prime Minister prescribes): all with a prefix and a count of digits.
class AcquisitionPool {
 public:
  /// All numbers of 16 digits.
  AcquisitionPool() noexcept = default;
  /// All numbers of `digits` digits that begin with `prefix`, which may be empty
  /// and does not begin with 0. Errors: `kConfigInvalid` for fewer than
  /// `AcquisitionNumber::kMinDigits` or more than `kMaxDigits` digits, or a prefix
  /// that leaves no digit free.
  static Result<AcquisitionPool> make(std::string_view prefix, std::size_t digits);

  std::uint64_t size() const noexcept { return size_; }
  /// The number at `place`, which is below `size()`.
  AcquisitionNumber at(std::uint64_t place) const;

 private:
  std::uint64_t first_ = 1'000'000'000'000'000;
  std::uint64_t size_ = 9'000'000'000'000'000;
};

/// An acquisition (符号の取得) under way: what is stored until the symbol has come.
struct PendingAcquisition {
  AcquisitionNumber number;
  AddressNumber address;
  Timestamp valid_until;  ///< the last moment at which a symbol is taken
  friend bool operator==(const PendingAcquisition&, const PendingAcquisition&) = default;
};

/// The value of a holding: u8 version 1, u64 number, u64 address, i64 valid until;
/// big-endian, 25 bytes. Personal: to be sealed.
Bytes encode(const PendingAcquisition& pending);
/// Errors: `kUnsupportedVersion`; `kMalformedFrame` for any other bytes that
/// `encode` does not make.
Result<PendingAcquisition> decode_pending(ByteView bytes);

/// Acquires the symbols of one institution: assigns a 取得番号 to each person
/// under way, takes what comes back under it, and forgets it (番号法 21条の2,
/// 施行令 27条, 施行命令 44条). docs/symbols.md.
///
/// Pure: stores and sends nothing itself. What a call returns is to be stored in
/// the order of the calls, a pending acquisition under a key of its address
/// number; a number leaves for the resident system when it is durable. Numbers are
/// wiped from memory where they are forgotten. Used by one thread at a time.
class AcquisitionDesk {
 public:
  /// `period_ms` > 0: how long a symbol is waited for. It should be generous: the
  /// core system issues once, so a symbol that comes too late is lost to the
  /// institution, and asking again is answered with "already acquired".
  /// `random` outlives the desk.
  AcquisitionDesk(AcquisitionPool pool, std::int64_t period_ms, Random& random);

  /// Takes back what was stored. Errors: `kRowConflict` when its number or
  /// address number is under way already; nothing changes then.
  Result<void> recover(const PendingAcquisition& pending);

  struct Started {
    PendingAcquisition pending;
    bool fresh;  ///< to be stored, in the place of a former one; else it is
  };
  /// A number for `address`, drawn at random among the free ones of the pool; the
  /// same as before while an acquisition is under way and valid. A lapsed one is
  /// forgotten in favour of a new number.
  /// Errors: `kAlreadyAcquired` when `symbols` binds the address; `kQueueFull`
  /// when the pool is used up or `limits::kMaxPendingAcquisitions` are under way.
  /// Nothing changes on failure.
  Result<Started> start(const AddressNumber& address, const SymbolMap& symbols, Timestamp now);

  /// What a symbol that has come means.
  enum class Verdict : std::uint8_t {
    kBind,         ///< bind it to the address
    kBoundBefore,  ///< that binding is there (a restored backup): nothing to do
    kSamePerson,   ///< bound to another address: one person with two. For staff
    kOtherSymbol   ///< the address has another symbol: two persons in one. For staff
  };
  struct Arrival {
    Verdict verdict;
    AddressNumber address;                ///< whose acquisition this ends
    std::optional<AddressNumber> holder;  ///< with `kSamePerson`: who has the symbol
  };
  /// The core system's notice with a symbol. The number is forgotten, whatever
  /// the verdict: erase its stored entry.
  /// Errors: `kUnknownAcquisition` for a number that was never assigned, has been
  /// used, or has lapsed by `now`. It is counted, nothing is bound, and nothing
  /// else changes.
  Result<Arrival> on_symbol(const AcquisitionNumber& number, const Symbol& symbol,
                            const SymbolMap& symbols, Timestamp now);

  /// The core system's notice that the institution has the symbol already
  /// (施行命令 44条2項), sent in the place of a symbol: it can only come from a
  /// backup. The number is forgotten: erase the stored entry of the address
  /// number returned, and tell staff.
  /// Errors: `kUnknownAcquisition` as in `on_symbol`, counted too.
  Result<AddressNumber> on_already_acquired(const AcquisitionNumber& number, Timestamp now);

  /// Forgets what has lapsed by `now` and returns whose it was, earliest first:
  /// erase their stored entries.
  std::vector<AddressNumber> lapse(Timestamp now);
  /// From when on `lapse` has something to do; nothing while nothing is under way.
  std::optional<Timestamp> next_lapse() const;

  /// What is under way for `address`, lapsed or not.
  std::optional<PendingAcquisition> find(const AddressNumber& address) const;
  /// For whom `number` is under way, lapsed or not.
  std::optional<AddressNumber> find(const AcquisitionNumber& number) const;
  /// What is under way, without the number, which is not to be strewn about.
  struct UnderWay {
    AddressNumber address;
    Timestamp valid_until;
    friend bool operator==(const UnderWay&, const UnderWay&) = default;
  };
  /// Ascending by address number: at most `at_most` behind `after`, from the first unless given.
  std::vector<UnderWay> list(std::optional<AddressNumber> after, std::size_t at_most) const;
  std::size_t size() const noexcept { return by_number_.size(); }
  /// Notices under a number that was not under way.
  std::uint64_t unmatched() const noexcept { return unmatched_; }

 private:
  struct Waiting {
    AddressNumber address;
    Timestamp valid_until;
  };

  Result<AcquisitionNumber> draw();
  void insert(const PendingAcquisition& pending);
  void forget(AcquisitionNumber number);
  Result<AddressNumber> take(const AcquisitionNumber& number, Timestamp now);

  AcquisitionPool pool_;
  std::int64_t period_ms_;
  Random& random_;
  std::map<AcquisitionNumber, Waiting> by_number_;
  std::map<AddressNumber, AcquisitionNumber> by_address_;
  std::set<std::pair<Timestamp, AcquisitionNumber>> by_end_;
  std::uint64_t unmatched_ = 0;
};

}  // namespace nakadachi::symbols
