#include "apps/common/holding_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "apps/common/command_values.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/copies/csv.hpp"
#include "nakadachi/copies/layout.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::array<std::string_view, 8> kPersonColumns = {
    copies::kPersonColumn, "氏名",  "氏名カナ", "生年月日", "性別", "住所",
    "業務宛名番号",        "旧番号"};
constexpr std::array<std::string_view, 5> kFlagColumns = {copies::kPersonColumn, "設定",
                                                          "特定個人情報", "開始日", "終了日"};

std::string header(std::span<const std::string_view> columns) {
  return copies::csv_line(std::vector<std::string>(columns.begin(), columns.end()));
}

Result<void> read(std::string_view csv, std::span<const std::string_view> columns,
                  const std::function<Result<void>(const std::vector<std::string>&)>& take) {
  copies::CsvReader reader(csv);
  NAKADACHI_TRY(const auto first, reader.next());
  if (!first || !std::ranges::equal(first->fields, columns)) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "csv_header", .position = 1};
  }
  while (true) {
    NAKADACHI_TRY(const auto record, reader.next());
    if (!record) return {};
    Result<void> taken = record->fields.size() == columns.size()
                             ? take(record->fields)
                             : Error{.code = ErrorCode::kWrongFormat, .field = "csv"};
    if (taken) continue;
    Error error = taken.error();
    error.position = static_cast<std::int32_t>(record->line);
    return error;
  }
}

std::string text_of(const AddressNumber& number) { return fmt::format("{:015}", number.reveal()); }

std::string text_of(const std::optional<Day>& day) { return day ? day->text() : ""; }

Result<wire::PutPerson> person_of(const std::vector<std::string>& fields) {
  NAKADACHI_TRY(auto name, symbols::PersonName::parse(fields[1]));
  NAKADACHI_TRY(const auto birth_date, symbols::BirthDate::parse(fields[3]));
  NAKADACHI_TRY(const symbols::Sex sex, parse_sex(fields[4]));
  NAKADACHI_TRY(auto home, symbols::HomeAddress::parse(fields[5]));
  wire::PutPerson person{.number = {},
                         .items = {{std::move(name), birth_date, sex, std::move(home)}, {}},
                         .business = {}};
  if (!fields[0].empty()) {
    NAKADACHI_TRY(person.number, AddressNumber::parse(fields[0]));
  }
  if (!fields[2].empty()) {
    NAKADACHI_TRY(person.items.kana, symbols::KanaName::parse(fields[2]));
  }
  if (fields[6].empty()) return person;
  for (const std::string_view text : split(fields[6], ' ')) {
    NAKADACHI_TRY(const auto business, parse_business_number(text));
    person.business.push_back(business);
  }
  return person;
}

}  // namespace

std::string persons_csv(std::span<const symbols::PersonRecord> persons) {
  std::string csv = header(kPersonColumns);
  for (const symbols::PersonRecord& person : persons) {
    const symbols::PersonItems& items = person.items;
    const symbols::BirthDate::Parts& born = items.four.birth_date.reveal();
    std::vector<std::string> business;
    business.reserve(person.business.size());
    for (const symbols::BusinessNumber& one : person.business) {
      business.push_back(fmt::format("{}:{:015}", one.system().value, one.reveal()));
    }
    std::vector<std::string> aliases;
    aliases.reserve(person.aliases.size());
    for (const AddressNumber& alias : person.aliases) aliases.push_back(text_of(alias));
    csv += copies::csv_line(std::vector<std::string>{
        text_of(person.number), std::string(items.four.name.reveal()),
        items.kana ? std::string(items.kana->reveal()) : "",
        fmt::format("{:04}-{:02}-{:02}", born.year, unsigned{born.month}, unsigned{born.day}),
        std::to_string(static_cast<unsigned>(items.four.sex)),
        std::string(items.four.home.reveal()), fmt::format("{}", fmt::join(business, " ")),
        fmt::format("{}", fmt::join(aliases, " "))});
  }
  return csv;
}

Result<std::vector<wire::PutPerson>> read_persons_csv(std::string_view csv) {
  std::vector<wire::PutPerson> persons;
  NAKADACHI_CHECK(read(csv, kPersonColumns, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(wire::PutPerson person, person_of(fields));
    persons.push_back(std::move(person));
    return {};
  }));
  return persons;
}

std::string flags_csv(std::span<const copies::PersonFlags> persons) {
  std::string csv = header(kFlagColumns);
  for (const copies::PersonFlags& person : persons) {
    for (const copies::Flag& flag : person.flags) {
      csv += copies::csv_line(
          std::vector<std::string>{text_of(person.person), std::string(word_of(flag.sort)),
                                   flag.kind ? flag.kind->text() : "", text_of(flag.period.from),
                                   text_of(flag.period.until)});
    }
  }
  return csv;
}

Result<std::vector<FlagRow>> read_flags_csv(std::string_view csv, const rules::LegalFacts& facts) {
  std::vector<FlagRow> rows;
  NAKADACHI_CHECK(read(csv, kFlagColumns, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(fields[0]));
    copies::Flag flag;
    NAKADACHI_TRY(flag.sort, parse_flag_sort(fields[1]));
    if (!fields[2].empty()) {
      NAKADACHI_TRY(flag.kind, parse_kind(facts, fields[2]));
    }
    NAKADACHI_TRY(flag.period, parse_period(fields[3], fields[4]));
    rows.push_back({person, flag});
    return {};
  }));
  return rows;
}

}  // namespace nakadachi::apps
