#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
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
/// Pure: stores nothing itself. `would_put` and `would_merge` tell the record to be
/// stored, one holding a person, keyed by the number; once it is durable, `put` takes
/// it. So nobody is shown what the disk does not hold. A number that has become an
/// alias is understood wherever a number is taken.
///
/// Used by one thread at a time. Pointers to records are valid until the next
/// change. Sized for 400,000 persons (docs/symbols.md).
class AddressBook {
 public:
  /// `random` outlives the book.
  explicit AddressBook(Random& random) : random_(random) {}

  /// Takes a record as it is stored, in the place of what was known under its number and
  /// its aliases. Errors: `kRowConflict` when a number, an alias or a business
  /// number of the record is somebody else's; nothing changes then.
  Result<void> put(PersonRecord record);

  /// The record of a person with new items and further business numbers; of a new one
  /// where `number` is not given. A new number has 15 digits drawn at random, the first
  /// not 0, so that numbers tell neither order nor count of persons, cannot be taken for
  /// a 個人番号, and no sequence has to survive a crash. Changes nothing, so before
  /// the next call `put` takes the record or it is given up.
  /// Errors: `kUnknownPerson`; `kRowConflict` when a business number is somebody else's;
  /// `kTooManyItems` above `limits::kMaxNumbersPerPerson`.
  Result<PersonRecord> would_put(const std::optional<AddressNumber>& number, PersonItems items,
                                 std::span<const BusinessNumber> business) const;

  /// What is to be done for a merge: store the record of `to`, erase that of
  /// `from`, and move what other rooms keep under `from` to `to`: symbols of every
  /// institution, copies and flags. A symbol that comes for an acquisition begun as
  /// `from` belongs to `to`.
  struct Merged {
    AddressNumber from;
    AddressNumber to;
    PersonRecord person;  ///< as `to` is then
  };
  /// One person of two: `survivor` keeps its items and gets the business numbers and
  /// aliases of `former`, whose number becomes an alias for good. Changes nothing. The
  /// caller makes sure that no institution has a symbol for both, for then they are two
  /// persons: an institution gets one symbol a person (施行命令 44条).
  /// Errors: `kUnknownPerson`; `kRowConflict` when both are one person already;
  /// `kTooManyItems`.
  Result<Merged> would_merge(const AddressNumber& survivor, const AddressNumber& former) const;

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

  bool is_taken(const AddressNumber& number) const;
  bool is_anothers(const PersonRecord& record) const;
  AddressNumber draw() const;
  void take_out(const AddressNumber& number);
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
