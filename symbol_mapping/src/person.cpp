#include "nakadachi/symbol_mapping/person.hpp"

#include <algorithm>
#include <functional>

#include "folding.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/base/utf8.hpp"

namespace nakadachi::symbols {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFourItemsBlock = 256;

/// C0, DEL, C1, and the separators of lines and paragraphs.
constexpr bool is_control(char32_t point) noexcept {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

bool is_one_line(std::string_view text) noexcept {
  while (const auto point = take_code_point(text)) {
    if (is_control(*point)) return false;
  }
  return text.empty();  // else it stopped at what is not UTF-8
}

constexpr unsigned days_of(unsigned year, unsigned month) noexcept {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

Error malformed(std::string_view field) {
  return {.code = ErrorCode::kMalformedFrame, .field = field};
}

void append_text(Bytes& bytes, std::string_view text) {
  append_big_endian<2>(bytes, text.size());
  append(bytes, as_bytes(text));
}

void append_birth_date(Bytes& bytes, const BirthDate& date) {
  append_big_endian<2>(bytes, date.reveal().year);
  append_big_endian<1>(bytes, date.reveal().month);
  append_big_endian<1>(bytes, date.reveal().day);
}

std::string_view take_text(Reader& reader) noexcept {
  return as_chars(reader.take(reader.number<2>()));
}

Result<BirthDate> take_birth_date(Reader& reader) {
  const auto year = static_cast<std::uint16_t>(reader.number<2>());
  const auto month = static_cast<std::uint8_t>(reader.number<1>());
  const auto day = static_cast<std::uint8_t>(reader.number<1>());
  return BirthDate::from_parts({year, month, day});
}

Result<Sex> take_sex(Reader& reader) {
  const auto sex = static_cast<Sex>(reader.number<1>());
  switch (sex) {
    case Sex::kUnknown:
    case Sex::kMale:
    case Sex::kFemale:
    case Sex::kNotApplicable:
      return sex;
  }
  return malformed("sex");
}

template <class T>
bool is_strictly_ascending(const std::vector<T>& list) {
  return std::adjacent_find(list.begin(), list.end(), std::greater_equal<>()) == list.end();
}

Result<std::vector<BusinessNumber>> take_business(Reader& reader) {
  std::vector<BusinessNumber> business;
  const std::uint64_t count = reader.number<2>();
  if (count > limits::kMaxNumbersPerPerson) return malformed("business");
  for (std::uint64_t i = 0; i < count; ++i) {
    const BusinessSystem system{static_cast<std::uint32_t>(reader.number<4>())};
    NAKADACHI_TRY(const BusinessNumber number,
                  BusinessNumber::from_number(system, reader.number<8>()));
    business.push_back(number);
  }
  if (!is_strictly_ascending(business)) return malformed("business");
  return business;
}

Result<std::vector<AddressNumber>> take_aliases(Reader& reader) {
  std::vector<AddressNumber> aliases;
  const std::uint64_t count = reader.number<2>();
  if (count > limits::kMaxNumbersPerPerson) return malformed("aliases");
  for (std::uint64_t i = 0; i < count; ++i) {
    NAKADACHI_TRY(const AddressNumber alias, AddressNumber::from_number(reader.number<8>()));
    aliases.push_back(alias);
  }
  if (!is_strictly_ascending(aliases)) return malformed("aliases");
  return aliases;
}

}  // namespace

template <class Tag>
Result<PersonText<Tag>> PersonText<Tag>::parse(std::string_view text) {
  if (text.size() > Tag::kMaxBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = Tag::kField};
  }
  if (!is_one_line(text)) return Error{.code = ErrorCode::kWrongFormat, .field = Tag::kField};
  if (fold(text).empty()) return Error{.code = ErrorCode::kMissingField, .field = Tag::kField};
  if (holds_personal_number(text)) {
    return Error{.code = ErrorCode::kPersonalNumberPresent, .field = Tag::kField};
  }
  return PersonText(text);
}

template class PersonText<PersonNameTag>;
template class PersonText<KanaNameTag>;
template class PersonText<HomeAddressTag>;

Result<BirthDate> BirthDate::parse(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() != kShape.size()) {
    return Error{.code = ErrorCode::kWrongLength, .field = "birth_date"};
  }
  unsigned numbers[3] = {0, 0, 0};
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = kShape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == '-';
    if (!fits) {
      return Error{.code = ErrorCode::kWrongFormat,
                   .field = "birth_date",
                   .position = static_cast<std::int32_t>(i)};
    }
    if (kShape[i] == '-') {
      ++part;
    } else {
      numbers[part] = numbers[part] * 10 + static_cast<unsigned>(text[i] - '0');
    }
  }
  return from_parts({static_cast<std::uint16_t>(numbers[0]), static_cast<std::uint8_t>(numbers[1]),
                     static_cast<std::uint8_t>(numbers[2])});
}

Result<BirthDate> BirthDate::from_parts(Parts parts) {
  const bool year_fits = parts.year >= 1850 && parts.year < 2200;
  const bool unknown_fits = parts.month != 0 || parts.day == 0;
  if (!year_fits || !unknown_fits || parts.month > 12 ||
      parts.day > days_of(parts.year, parts.month)) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "birth_date"};
  }
  return BirthDate(parts);
}

Bytes encode(const FourItems& items) {
  Bytes bytes;
  append_big_endian<1>(bytes, kVersion);
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(items.sex));
  append_birth_date(bytes, items.birth_date);
  append_text(bytes, items.name.reveal());
  append_text(bytes, items.home.reveal());
  bytes.resize((bytes.size() + kFourItemsBlock - 1) / kFourItemsBlock * kFourItemsBlock);
  return bytes;
}

Result<FourItems> decode_four_items(ByteView bytes) {
  if (!bytes.empty() && bytes[0] != kVersion) return ErrorCode::kUnsupportedVersion;
  Reader reader(bytes);
  reader.take(1);
  NAKADACHI_TRY(const Sex sex, take_sex(reader));
  const auto birth_date = take_birth_date(reader);
  const std::string_view name_text = take_text(reader);
  const std::string_view home_text = take_text(reader);
  const ByteView padding = reader.take(reader.left());
  if (reader.failed() || bytes.size() % kFourItemsBlock != 0 || padding.size() >= kFourItemsBlock ||
      std::any_of(padding.begin(), padding.end(), [](std::uint8_t byte) { return byte != 0; })) {
    return malformed("four_items");
  }
  if (!birth_date) return birth_date.error();
  NAKADACHI_TRY(PersonName name, PersonName::parse(name_text));
  NAKADACHI_TRY(HomeAddress home, HomeAddress::parse(home_text));
  return FourItems{std::move(name), *birth_date, sex, std::move(home)};
}

Result<BusinessNumber> BusinessNumber::parse(BusinessSystem system, std::string_view text) {
  constexpr std::string_view kField = "business_number";
  auto number = AddressNumber::parse(text);  // the same digits
  if (!number) {
    Error error = number.error();
    error.field = kField;
    return error;
  }
  return BusinessNumber(system, number->reveal());
}

Result<BusinessNumber> BusinessNumber::from_number(BusinessSystem system, std::uint64_t number) {
  if (!AddressNumber::from_number(number)) {
    return Error{.code = ErrorCode::kWrongLength, .field = "business_number"};
  }
  return BusinessNumber(system, number);
}

Bytes encode(const PersonRecord& record) {
  const FourItems& four = record.items.four;
  Bytes bytes;
  append_big_endian<1>(bytes, kVersion);
  append_big_endian<8>(bytes, record.number.reveal());
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(four.sex));
  append_birth_date(bytes, four.birth_date);
  append_text(bytes, four.name.reveal());
  append_text(bytes, record.items.kana ? record.items.kana->reveal() : std::string_view());
  append_text(bytes, four.home.reveal());
  append_big_endian<2>(bytes, record.business.size());
  for (const BusinessNumber& each : record.business) {
    append_big_endian<4>(bytes, each.system().value);
    append_big_endian<8>(bytes, each.reveal());
  }
  append_big_endian<2>(bytes, record.aliases.size());
  for (const AddressNumber& alias : record.aliases) append_big_endian<8>(bytes, alias.reveal());
  return bytes;
}

Result<PersonRecord> decode_person(ByteView bytes) {
  if (!bytes.empty() && bytes[0] != kVersion) return ErrorCode::kUnsupportedVersion;
  Reader reader(bytes);
  reader.take(1);
  const auto number = AddressNumber::from_number(reader.number<8>());
  NAKADACHI_TRY(const Sex sex, take_sex(reader));
  const auto birth_date = take_birth_date(reader);
  const std::string_view name_text = take_text(reader);
  const std::string_view kana_text = take_text(reader);
  const std::string_view home_text = take_text(reader);
  NAKADACHI_TRY(auto business, take_business(reader));
  NAKADACHI_TRY(auto aliases, take_aliases(reader));
  if (!reader.complete()) return malformed("person");
  if (!number) return number.error();
  if (!birth_date) return birth_date.error();
  NAKADACHI_TRY(PersonName name, PersonName::parse(name_text));
  NAKADACHI_TRY(HomeAddress home, HomeAddress::parse(home_text));
  std::optional<KanaName> kana;
  if (!kana_text.empty()) {
    NAKADACHI_TRY(kana, KanaName::parse(kana_text));
  }
  return PersonRecord{
      *number,
      PersonItems{FourItems{std::move(name), *birth_date, sex, std::move(home)}, std::move(kana)},
      std::move(business), std::move(aliases)};
}

}  // namespace nakadachi::symbols
