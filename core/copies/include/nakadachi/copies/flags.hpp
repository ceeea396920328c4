#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::copies {

/// What can be noted on a person. Numbers stand in stored values, never reused.
enum class FlagSort : std::uint8_t {
  kHeld = 1,  ///< 自動応答不可: the answer is held until staff decide
  kNonDisclosure =
      2  ///< 不開示: travels with the answer and is recorded, never refuses (Act 23(2))
};

struct Flag {
  FlagSort sort = FlagSort::kHeld;
  std::optional<InformationKind> kind;  ///< nothing: all kinds
  Period period;

  friend auto operator<=>(const Flag&, const Flag&) = default;
};

/// All flags one institution has set on a person: the value of one holding.
struct PersonFlags {
  InstitutionCode institution;
  AddressNumber person;
  std::vector<Flag> flags;  ///< ascending, each once

  friend bool operator==(const PersonFlags&, const PersonFlags&) = default;
};

/// Sets a flag. False when it is set already. Errors: `kWrongFormat` (the period
/// ends before it begins), `kTooManyItems` (limits::kMaxFlagsPerPerson).
Result<bool> set_flag(PersonFlags& of, const Flag& flag);
/// Clears a flag. False when it was not set. When none is left the holding is to be
/// erased.
bool clear_flag(PersonFlags& of, const Flag& flag);

/// What holds for one question.
struct FlagState {
  bool held = false;
  bool non_disclosure = false;

  friend bool operator==(const FlagState&, const FlagState&) = default;
};
FlagState state_on(const PersonFlags& of, const InformationKind& kind, Day day) noexcept;

/// Under which key an institution holds its flags of a person.
/// Errors: `kKeyUnavailable`.
Result<HoldingKey> flag_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const AddressNumber& person);

/// The value of the holding `key`. Errors: `kKeyUnavailable`; `kWrongFormat` when
/// there are no flags, or not ascending, or one with a reversed period;
/// `kTooManyItems`.
Result<Bytes> seal_flags(crypto::TenantCipher& cipher, const HoldingKey& key,
                         const PersonFlags& flags, Random& random);

/// Errors: `kKeyUnavailable`, `kSealBroken` (also a value of another key),
/// `kUnsupportedVersion`, `kMalformedFrame`, `kUnknownEnumValue` (sort of flag),
/// those of codes and of `seal_flags`.
Result<PersonFlags> open_flags(crypto::TenantCipher& cipher, const HoldingKey& key,
                               ByteView sealed);

/// The flags of one institution, as they are stored: sealed under keyed hashes.
/// Used by one thread at a time.
class FlagShelf {
 public:
  explicit FlagShelf(const InstitutionCode& institution) : institution_(institution) {}

  /// In the place of a former value.
  void put(const HoldingKey& key, Bytes sealed) { values_[key] = std::move(sealed); }
  /// False when there was none.
  bool erase(const HoldingKey& key) { return values_.erase(key) > 0; }

  /// What is set on a person; no flags when nothing is. Errors: `kKeyUnavailable`,
  /// `kSealBroken` (also when they are another's), those of `open_flags`.
  Result<PersonFlags> find(crypto::TenantCipher& cipher, const AddressNumber& person) const;

  /// What holds on `day` for a question of `kind`. On an error nothing may be
  /// answered: a flag may be behind it. Errors: those of `find`.
  Result<FlagState> of(crypto::TenantCipher& cipher, const AddressNumber& person,
                       const InformationKind& kind, Day day) const;

  /// Persons with flags, at most `most`, from the one behind the key `after` on; in the order of
  /// the keys, which means nothing. Errors: those of `open_flags`.
  struct Page {
    std::vector<PersonFlags> persons;
    std::optional<HoldingKey> next;  ///< where to go on; nothing when this was the last page
  };
  Result<Page> list(crypto::TenantCipher& cipher, const std::optional<HoldingKey>& after,
                    std::size_t most) const;

  std::size_t size() const noexcept { return values_.size(); }

 private:
  InstitutionCode institution_;
  std::map<HoldingKey, Bytes> values_;
};

}  // namespace nakadachi::copies
