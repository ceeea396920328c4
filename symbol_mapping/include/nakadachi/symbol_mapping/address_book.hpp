#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/symbol_mapping/person.hpp"

namespace nakadachi::symbols {

/// 統合宛名 of one town: its persons under 団体内統合宛名番号, each with the
/// 宛名番号 that business systems have given. Serves all institutions of the town.
///
/// Pure: stores nothing itself. A call that changes a person returns the record
/// to be stored, one holding a person, keyed by the number. A number that has
/// become an alias is understood wherever a number is taken.
///
/// Used by one thread at a time. Pointers to records are valid until the next
/// change. Sized for 400,000 persons (docs/symbols.md).
class AddressBook {
 public:
  /// `random` outlives the book.
  explicit AddressBook(Random& random) : random_(random) {}

  /// Takes back what was stored, or takes over a number the town had before.
  /// Errors: `kRowConflict` when a number, an alias or a business number of the
  /// record is known already; nothing changes then.
  Result<void> recover(PersonRecord record);

  /// A new person under a new number: 15 digits drawn at random, the first not 0,
  /// so that numbers tell neither order nor count of persons, cannot be taken for
  /// a 個人番号, and no sequence has to survive a crash.
  const PersonRecord& issue(PersonItems items);

  /// Replaces the items. Errors: `kUnknownPerson`.
  Result<const PersonRecord*> revise(const AddressNumber& number, PersonItems items);

  /// Gives a person a business number; one the person has is no change.
  /// Errors: `kUnknownPerson`; `kRowConflict` when it is another's;
  /// `kTooManyItems` above `limits::kMaxNumbersPerPerson`.
  Result<const PersonRecord*> attach(const AddressNumber& number, const BusinessNumber& business);

  /// Takes a business number from whose it is. Errors: `kUnknownPerson`.
  Result<const PersonRecord*> detach(const BusinessNumber& business);

  /// What has to be done after a merge: store the record of `to`, erase that of
  /// `from`, and move what other rooms keep under `from` to `to`: symbols of every
  /// institution (`SymbolMap::moved`), copies and flags. A symbol that comes for
  /// an acquisition begun as `from` belongs to `to`.
  struct Merged {
    AddressNumber from;
    AddressNumber to;
    PersonRecord person;  ///< as `to` is then
  };
  /// What `merge` would do; changes nothing. Errors: those of `merge`.
  Result<Merged> would_merge(const AddressNumber& survivor, const AddressNumber& former) const;

  /// Makes one person of two: `survivor` keeps its items and gets the business
  /// numbers and aliases of `former`, whose number becomes an alias for good.
  /// Before, the caller makes sure that no institution has a symbol for both
  /// (`SymbolMap::moved` refuses), for then they are two persons.
  /// Errors: `kUnknownPerson`; `kRowConflict` when both are one person already;
  /// `kTooManyItems`. Nothing changes on failure.
  Result<Merged> merge(const AddressNumber& survivor, const AddressNumber& former);

  /// Null when nobody has the number.
  const PersonRecord* find(const AddressNumber& number) const;
  const PersonRecord* find(const BusinessNumber& business) const;

  /// The persons after `after` (from the first where it is not given), ascending by
  /// number, at most `limit`.
  std::vector<const PersonRecord*> list(const std::optional<AddressNumber>& after,
                                        std::size_t limit) const;

  enum class Spelling : std::uint8_t {
    kExact,  ///< the same bytes
    kFolded  ///< the same without spaces, width and kind of kana, case
  };
  struct Search {
    std::optional<PersonName> name;
    std::optional<KanaName> kana;
    std::optional<BirthDate> birth_date;
    Spelling spelling = Spelling::kFolded;
  };
  /// Who fits all that is given, ascending by number. Errors: `kMissingField` when
  /// nothing is given; `kTooManyItems` above `limits::kMaxPersonsFound`.
  Result<std::vector<const PersonRecord*>> search(const Search& wanted) const;

  /// Whom another body's request means (施行令 26条3項).
  struct Match {
    /// The only one who has all four items, names and 住所 folded, with a birth
    /// date known to the day. Without one the request is for staff.
    std::optional<AddressNumber> person;
    /// Who has name and birth date, for staff: ascending, at most
    /// `limits::kMaxPersonsFound`.
    std::vector<AddressNumber> candidates;
  };
  Match match(const FourItems& items) const;

  enum class Likeness : std::uint8_t {
    kSameName,    ///< name, birth date and sex are the same
    kSameKana,    ///< reading, birth date and sex are the same
    kSimilarName  ///< birth date and 住所 are the same, name or reading up to one character
  };
  struct Doubles {
    Likeness likeness;
    std::vector<AddressNumber> persons;  ///< two or more, ascending
  };
  /// Groups that may be one person each, for staff to judge: twins and namesakes
  /// are among them. By likeness, then by first person; who was found together
  /// under one likeness is not listed again under the next. Unknown birth dates
  /// (不詳) are like none. Takes a second or two with 400,000 persons.
  std::vector<Doubles> find_doubles() const;

  std::size_t size() const noexcept { return persons_.size(); }

 private:
  using Index = std::set<std::pair<std::uint64_t, AddressNumber>>;

  PersonRecord* find_mutable(const AddressNumber& number);
  bool is_taken(const AddressNumber& number) const;
  void enter(const PersonRecord& record);
  void leave(const PersonRecord& record);
  std::vector<const PersonRecord*> under(const Index& index, std::uint64_t key) const;
  std::vector<const PersonRecord*> candidates(const Search& wanted) const;

  Random& random_;
  std::map<AddressNumber, PersonRecord> persons_;
  std::map<AddressNumber, AddressNumber> aliases_;
  std::map<BusinessNumber, AddressNumber> by_business_;
  Index by_name_;
  Index by_kana_;
  Index by_birth_date_;
};

}  // namespace nakadachi::symbols
