#include "admin_fields.hpp"

#include <fmt/format.h>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::wire {
namespace {

bool is_sex(std::uint32_t number) noexcept { return number <= 2 || number == 9; }

std::optional<Day> read_day(bool present, std::int32_t from, std::string_view name,
                            FieldReader& reader) {
  if (!present) return std::nullopt;
  const auto day = Day::from_number(from);
  if (!day) reader.fail(ErrorCode::kWrongFormat, name);
  return day;
}

}  // namespace

std::optional<AddressNumber> read_person_number(bool present, std::uint64_t from,
                                                std::string_view name, FieldReader& reader) {
  if (!reader.require(present, name)) return std::nullopt;
  const auto made = AddressNumber::from_number(from);
  if (made) return *made;
  reader.fail(made.error().code, name);
  return std::nullopt;
}

std::string text_of(const symbols::BirthDate& date) {
  const auto& parts = date.reveal();
  return fmt::format("{:04}-{:02}-{:02}", parts.year, parts.month, parts.day);
}

void put_four_items(const symbols::FourItems& from, v1::PersonItems& to) {
  to.set_name(std::string(from.name.reveal()));
  to.set_birth_date(text_of(from.birth_date));
  to.set_sex(static_cast<std::uint32_t>(from.sex));
  to.set_home_address(std::string(from.home.reveal()));
}

void put_items(const symbols::PersonItems& from, v1::PersonItems& to) {
  put_four_items(from.four, to);
  if (from.kana) to.set_kana_name(std::string(from.kana->reveal()));
}

std::optional<symbols::PersonItems> read_items(bool present, const v1::PersonItems& from,
                                               FieldReader& reader) {
  const bool complete = reader.require(present, "items") &&
                        reader.require(from.has_name(), "name") &&
                        reader.require(from.has_birth_date(), "birth_date") &&
                        reader.require(from.has_sex(), "sex") &&
                        reader.require(from.has_home_address(), "home_address");
  if (!complete) return std::nullopt;
  auto name = read_text<symbols::PersonName>(from.name(), reader);
  const auto birth_date = read_text<symbols::BirthDate>(from.birth_date(), reader);
  auto home = read_text<symbols::HomeAddress>(from.home_address(), reader);
  std::optional<symbols::KanaName> kana;
  if (from.has_kana_name()) kana = read_text<symbols::KanaName>(from.kana_name(), reader);
  if (!is_sex(from.sex())) reader.fail(ErrorCode::kUnknownEnumValue, "sex");
  if (reader.failed()) return std::nullopt;
  return symbols::PersonItems{.four = {.name = *std::move(name),
                                       .birth_date = *birth_date,
                                       .sex = static_cast<symbols::Sex>(from.sex()),
                                       .home = *std::move(home)},
                              .kana = std::move(kana)};
}

void put_business(const symbols::BusinessNumber& from, v1::BusinessNumber& to) {
  to.set_system(from.system().value);
  to.set_number(from.reveal());
}

std::optional<symbols::BusinessNumber> read_business(const v1::BusinessNumber& from,
                                                     FieldReader& reader) {
  const bool complete =
      reader.require(from.has_system(), "system") && reader.require(from.has_number(), "number");
  if (!complete) return std::nullopt;
  const auto made = symbols::BusinessNumber::from_number({from.system()}, from.number());
  if (made) return *made;
  reader.fail(made.error().code, "number");
  return std::nullopt;
}

std::vector<symbols::BusinessNumber> read_business_numbers(const BusinessNumbers& from,
                                                           FieldReader& reader) {
  std::vector<symbols::BusinessNumber> made;
  if (static_cast<std::size_t>(from.size()) > limits::kMaxNumbersPerPerson) {
    reader.fail(ErrorCode::kTooManyItems, "business");
    return made;
  }
  made.reserve(static_cast<std::size_t>(from.size()));
  for (const v1::BusinessNumber& number : from) {
    if (const auto read = read_business(number, reader)) made.push_back(*read);
  }
  return made;
}

void put_flag(const copies::Flag& from, v1::Flag& to) {
  to.set_sort(static_cast<std::uint32_t>(from.sort));
  if (from.kind) to.set_kind(from.kind->number());
  if (from.period.from) to.set_from_day(from.period.from->number);
  if (from.period.until) to.set_until_day(from.period.until->number);
}

void read_flag(const v1::Flag& from, FieldReader& reader, copies::Flag& to) {
  reader.one_of(NAKADACHI_FIELD(from, sort), copies::FlagSort::kNonDisclosure, to.sort);
  if (from.has_kind()) reader.code(NAKADACHI_FIELD(from, kind), to.kind.emplace());
  to.period.from = read_day(NAKADACHI_FIELD(from, from_day), reader);
  to.period.until = read_day(NAKADACHI_FIELD(from, until_day), reader);
  if (to.period.is_reversed()) reader.fail(ErrorCode::kWrongFormat, "until_day");
}

}  // namespace nakadachi::wire
