#include "apps/common/join_files.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

using Fields = std::vector<std::string_view>;

template <class Number>
Result<Number> parse_number(std::string_view text, std::string_view field) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return Error{.code = ErrorCode::kWrongFormat, .field = field};
  }
  return number;
}

template <class Fixed>
Result<Fixed> parse_fixed(std::string_view hex, std::string_view field) {
  const auto bytes = from_hex(hex);
  const auto made = bytes ? Fixed::from(*bytes) : std::nullopt;
  if (!made) return Error{.code = ErrorCode::kWrongFormat, .field = field};
  return *made;
}

Result<Symbol> parse_symbol(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes) return Error{.code = ErrorCode::kWrongFormat, .field = "symbol"};
  return Symbol::from(*bytes);
}

/// Reads rows into a list with one function per row.
template <class Row, class Parse>
Result<std::vector<Row>> read_list(const std::string& path, std::size_t columns, Parse parse) {
  std::vector<Row> rows;
  NAKADACHI_CHECK(read_rows(path, columns, [&](const Fields& fields) -> Result<void> {
    NAKADACHI_TRY(Row row, parse(fields));
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

/// Codes with commas between them, - for none.
template <class Code>
std::string codes_text(const std::vector<Code>& codes) {
  std::string text;
  for (const Code& code : codes) {
    if (!text.empty()) text += ',';
    text += code.text();
  }
  return text.empty() ? "-" : text;
}

template <class Code>
Result<std::vector<Code>> parse_codes(std::string_view text) {
  std::vector<Code> codes;
  if (text == "-") return codes;
  for (const std::string_view word : split(text, ',')) {
    NAKADACHI_TRY(const Code code, Code::parse(word));
    codes.push_back(code);
  }
  return codes;
}

}  // namespace

std::string write_institutions(const std::vector<crypto::RegistryEntry>& entries) {
  std::string text = "# institution\ttenant\tclass\tname\tsigning key\tsealing key\n";
  for (const crypto::RegistryEntry& entry : entries) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", entry.code.text(), entry.tenant.value,
                        entry.institution_class, entry.name, to_hex(entry.signing_key.view()),
                        to_hex(entry.sealing_key.view()));
  }
  return text;
}

Result<std::vector<crypto::RegistryEntry>> read_institutions(const std::string& path) {
  return read_list<crypto::RegistryEntry>(
      path, 6, [](const Fields& fields) -> Result<crypto::RegistryEntry> {
        crypto::RegistryEntry entry;
        NAKADACHI_TRY(entry.code, InstitutionCode::parse(fields[0]));
        NAKADACHI_TRY(entry.tenant.value, parse_number<std::uint32_t>(fields[1], "tenant"));
        NAKADACHI_TRY(entry.institution_class, parse_number<std::uint16_t>(fields[2], "class"));
        entry.name = std::string(fields[3]);
        NAKADACHI_TRY(entry.signing_key, parse_fixed<PublicKey>(fields[4], "signing_key"));
        NAKADACHI_TRY(entry.sealing_key, parse_fixed<SealingPublicKey>(fields[5], "sealing_key"));
        return entry;
      });
}

std::string write_known_persons(const std::vector<KnownPerson>& persons) {
  std::string text = "# institution\t個人番号\n";
  for (const KnownPerson& person : persons) {
    fmt::format_to(std::back_inserter(text), "{}\t{:012}\n", person.institution.text(),
                   person.personal_number);
  }
  return text;
}

Result<std::vector<KnownPerson>> read_known_persons(const std::string& path) {
  return read_list<KnownPerson>(path, 2, [](const Fields& fields) -> Result<KnownPerson> {
    KnownPerson person;
    NAKADACHI_TRY(person.institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(person.personal_number,
                  parse_number<std::uint64_t>(fields[1], "personal_number"));
    return person;
  });
}

std::string write_issued_symbols(const std::vector<IssuedSymbol>& symbols) {
  std::string text = "# institution\t個人番号\tsymbol\n";
  for (const IssuedSymbol& issued : symbols) {
    fmt::format_to(std::back_inserter(text), "{}\t{:012}\t{}\n", issued.institution.text(),
                   issued.personal_number, to_hex(issued.symbol.reveal()));
  }
  return text;
}

Result<std::vector<IssuedSymbol>> read_issued_symbols(const std::string& path) {
  return read_list<IssuedSymbol>(path, 3, [](const Fields& fields) -> Result<IssuedSymbol> {
    IssuedSymbol issued;
    NAKADACHI_TRY(issued.institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(issued.personal_number,
                  parse_number<std::uint64_t>(fields[1], "personal_number"));
    NAKADACHI_TRY(issued.symbol, parse_symbol(fields[2]));
    return issued;
  });
}

std::string write_hand_overs(const std::vector<HandOverRow>& rows) {
  std::string text = "# institution\t取得番号\t個人番号\n";
  for (const HandOverRow& row : rows) {
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{:012}\n", row.institution.text(),
                   row.acquisition_number, row.personal_number);
  }
  return text;
}

std::string write_systems(const std::vector<BusinessSystem>& systems) {
  std::string text = "# number\tinstitution\tCURVE public key\taffairs\tanswers\n";
  for (const BusinessSystem& system : systems) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", system.number, system.institution.text(),
                        system.curve_key, codes_text(system.affairs), codes_text(system.answers));
  }
  return text;
}

Result<std::vector<BusinessSystem>> read_systems(const std::string& path) {
  return read_list<BusinessSystem>(path, 5, [](const Fields& fields) -> Result<BusinessSystem> {
    BusinessSystem system;
    NAKADACHI_TRY(system.number, parse_number<std::uint32_t>(fields[0], "number"));
    NAKADACHI_TRY(system.institution, InstitutionCode::parse(fields[1]));
    system.curve_key = std::string(fields[2]);
    NAKADACHI_TRY(system.affairs, parse_codes<AffairCode>(fields[3]));
    NAKADACHI_TRY(system.answers, parse_codes<InformationKind>(fields[4]));
    return system;
  });
}

std::string write_staff(const std::vector<StaffRow>& staff) {
  std::string text = "# number\tinstitution\tCURVE public key\trights\n";
  for (const StaffRow& row : staff) {
    std::string rights = row.may_change ? "change" : "";
    if (row.may_decide) rights += rights.empty() ? "decide" : ",decide";
    text +=
        fmt::format("{}\t{}\t{}\t{}\n", row.number, row.institution ? row.institution->text() : "-",
                    row.curve_key, rights.empty() ? "-" : rights);
  }
  return text;
}

Result<std::vector<StaffRow>> read_staff(const std::string& path) {
  return read_list<StaffRow>(path, 4, [](const Fields& fields) -> Result<StaffRow> {
    StaffRow row;
    NAKADACHI_TRY(row.number, parse_number<std::uint32_t>(fields[0], "number"));
    if (fields[1] != "-") {
      NAKADACHI_TRY(row.institution, InstitutionCode::parse(fields[1]));
    }
    row.curve_key = std::string(fields[2]);
    for (const std::string_view right : split(fields[3], ',')) {
      if (right == "change") {
        row.may_change = true;
      } else if (right == "decide") {
        row.may_decide = true;
      } else if (right != "-") {
        return Error{.code = ErrorCode::kUnknownEnumValue, .field = "rights"};
      }
    }
    return row;
  });
}

}  // namespace nakadachi::apps
