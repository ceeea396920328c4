#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/result.hpp"

// Personal values: none of these types has a formatter; `reveal` is for codecs, sealed storage
// and the screens of staff who may see the person.
namespace nakadachi::symbols {

/// One line of text about a person, told apart by `Tag`.
template <class Tag>
class PersonText {
 public:
  /// Takes UTF-8 as it is. Errors: `kMissingField` when there is nothing but
  /// spaces; `kWrongLength` above `Tag::kMaxBytes`; `kWrongFormat` when it is not
  /// UTF-8 or holds control characters; `kPersonalNumberPresent`.
  static Result<PersonText> parse(std::string_view text);
  std::string_view reveal() const noexcept { return text_; }
  friend bool operator==(const PersonText&, const PersonText&) = default;

 private:
  explicit PersonText(std::string_view text) : text_(text) {}
  std::string text_;
};

/// 氏名, its reading (氏名カナ), and 住所. The last is never called address alone:
/// that is the address number's.
struct PersonNameTag {
  static constexpr std::string_view kField = "name";
  static constexpr std::size_t kMaxBytes = limits::kMaxNameBytes;
};
struct KanaNameTag {
  static constexpr std::string_view kField = "kana_name";
  static constexpr std::size_t kMaxBytes = limits::kMaxNameBytes;
};
struct HomeAddressTag {
  static constexpr std::string_view kField = "home_address";
  static constexpr std::size_t kMaxBytes = limits::kMaxHomeAddressBytes;
};
using PersonName = PersonText<PersonNameTag>;
using KanaName = PersonText<KanaNameTag>;
using HomeAddress = PersonText<HomeAddressTag>;
extern template class PersonText<PersonNameTag>;
extern template class PersonText<KanaNameTag>;
extern template class PersonText<HomeAddressTag>;

/// 生年月日, of the years 1850 to 2199. Day, or month and day, may be unknown
/// (不詳): 00.
class BirthDate {
 public:
  struct Parts {
    std::uint16_t year;
    std::uint8_t month;
    std::uint8_t day;
    friend auto operator<=>(const Parts&, const Parts&) = default;
  };
  /// `YYYY-MM-DD`. Errors: `kWrongLength`, `kWrongFormat` (also for a day that
  /// the calendar does not have).
  static Result<BirthDate> parse(std::string_view text);
  /// Errors: `kWrongFormat`.
  static Result<BirthDate> from_parts(Parts parts);
  const Parts& reveal() const noexcept { return parts_; }
  bool is_known() const noexcept { return parts_.day != 0; }
  friend auto operator<=>(const BirthDate&, const BirthDate&) = default;

 private:
  explicit BirthDate(Parts parts) noexcept : parts_(parts) {}
  Parts parts_;
};

/// 男女の別, by the numbers of ISO/IEC 5218.
enum class Sex : std::uint8_t { kUnknown = 0, kMale = 1, kFemale = 2, kNotApplicable = 9 };

/// What a body that asks another to acquire a symbol tells of the person: 氏名,
/// 出生の年月日, 男女の別, 住所 (施行令 26条3項).
struct FourItems {
  PersonName name;
  BirthDate birth_date;
  Sex sex;
  HomeAddress home;
  friend bool operator==(const FourItems&, const FourItems&) = default;
};

/// Travels sealed to the provider: u8 version 1, u8 sex, u16 year, u8 month, u8
/// day, u16 size and name, u16 size and 住所, then zeros up to a multiple of 256
/// bytes, so that the size of the sealed message does not tell whom it is about.
Bytes encode(const FourItems& items);
/// Errors: `kUnsupportedVersion`; `kMalformedFrame` for any other bytes that
/// `encode` does not make; those of the items.
Result<FourItems> decode_four_items(ByteView bytes);

/// A business system (業務システム) of the town, named by its number.
using BusinessSystem = StrongNumber<struct BusinessSystemTag, std::uint32_t>;

/// 宛名番号 of a business system: at most 15 digits, left-padded with 0.
class BusinessNumber {
 public:
  /// Errors: `kWrongLength`, `kWrongFormat`.
  static Result<BusinessNumber> parse(BusinessSystem system, std::string_view text);
  /// Errors: `kWrongLength` for 10^15 and more.
  static Result<BusinessNumber> from_number(BusinessSystem system, std::uint64_t number);
  BusinessSystem system() const noexcept { return system_; }
  std::uint64_t reveal() const noexcept { return number_; }
  friend auto operator<=>(const BusinessNumber&, const BusinessNumber&) = default;

 private:
  BusinessNumber(BusinessSystem system, std::uint64_t number) noexcept
      : system_(system), number_(number) {}
  BusinessSystem system_;
  std::uint64_t number_;
};

/// What is known of a person. The reading may be missing.
struct PersonItems {
  FourItems four;
  std::optional<KanaName> kana;
  friend bool operator==(const PersonItems&, const PersonItems&) = default;
};

/// One person of the town (統合宛名).
struct PersonRecord {
  AddressNumber number;
  PersonItems items;
  std::vector<BusinessNumber> business;  ///< ascending
  std::vector<AddressNumber> aliases;    ///< ascending; numbers the person had before a merge
  friend bool operator==(const PersonRecord&, const PersonRecord&) = default;
};

/// The value of a holding: u8 version 1, u64 number, u8 sex, u16 year, u8 month,
/// u8 day, u16 size and text of name, reading (size 0: none) and 住所, u16 count
/// and (u32 system, u64 number) of the business numbers, u16 count and u64 of the
/// aliases; big-endian, both lists ascending. Personal: to be sealed.
Bytes encode(const PersonRecord& record);
/// Errors: `kUnsupportedVersion`; `kMalformedFrame` for any other bytes that
/// `encode` does not make; those of the items.
Result<PersonRecord> decode_person(ByteView bytes);

}  // namespace nakadachi::symbols
