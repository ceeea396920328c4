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
  std::string text = "# institution\tordinal\n";
  for (const KnownPerson& person : persons) {
    fmt::format_to(std::back_inserter(text), "{}\t{}\n", person.institution.text(), person.ordinal);
  }
  return text;
}

Result<std::vector<KnownPerson>> read_known_persons(const std::string& path) {
  return read_list<KnownPerson>(path, 2, [](const Fields& fields) -> Result<KnownPerson> {
    KnownPerson person;
    NAKADACHI_TRY(person.institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(person.ordinal, parse_number<std::uint64_t>(fields[1], "ordinal"));
    return person;
  });
}

std::string write_issued_symbols(const std::vector<IssuedSymbol>& symbols) {
  std::string text = "# institution\tordinal\tsymbol\n";
  for (const IssuedSymbol& issued : symbols) {
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\n", issued.institution.text(),
                   issued.ordinal, to_hex(issued.symbol.reveal()));
  }
  return text;
}

Result<std::vector<IssuedSymbol>> read_issued_symbols(const std::string& path) {
  return read_list<IssuedSymbol>(path, 3, [](const Fields& fields) -> Result<IssuedSymbol> {
    IssuedSymbol issued;
    NAKADACHI_TRY(issued.institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(issued.ordinal, parse_number<std::uint64_t>(fields[1], "ordinal"));
    NAKADACHI_TRY(issued.symbol, parse_symbol(fields[2]));
    return issued;
  });
}

std::string write_bound_symbols(const std::vector<BoundSymbol>& symbols) {
  std::string text = "# institution\taddress number\tsymbol\n";
  for (const BoundSymbol& bound : symbols) {
    fmt::format_to(std::back_inserter(text), "{}\t{:015}\t{}\n", bound.institution.text(),
                   bound.person.reveal(), to_hex(bound.symbol.reveal()));
  }
  return text;
}

Result<std::vector<BoundSymbol>> read_bound_symbols(const std::string& path) {
  return read_list<BoundSymbol>(path, 3, [](const Fields& fields) -> Result<BoundSymbol> {
    NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(fields[1]));
    NAKADACHI_TRY(const Symbol symbol, parse_symbol(fields[2]));
    return BoundSymbol{institution, person, symbol};
  });
}

std::string write_copies(const std::vector<CopyRow>& copies) {
  std::string text = "# institution\taddress number\tkind\tcontent\n";
  for (const CopyRow& copy : copies) {
    fmt::format_to(std::back_inserter(text), "{}\t{:015}\t{}\t{}\n", copy.institution.text(),
                   copy.person.reveal(), copy.kind.text(), copy.content);
  }
  return text;
}

Result<std::vector<CopyRow>> read_copies(const std::string& path) {
  return read_list<CopyRow>(path, 4, [](const Fields& fields) -> Result<CopyRow> {
    NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(fields[1]));
    NAKADACHI_TRY(const InformationKind kind, InformationKind::parse(fields[2]));
    return CopyRow{institution, person, kind, std::string(fields[3])};
  });
}

std::string write_systems(const std::vector<BusinessSystem>& systems) {
  std::string text = "# number\tinstitution\tCURVE public key\taffairs\n";
  for (const BusinessSystem& system : systems) {
    text += fmt::format("{}\t{}\t{}\t", system.number, system.institution.text(), system.curve_key);
    for (std::size_t i = 0; i < system.affairs.size(); ++i) {
      text += (i == 0 ? "" : ",") + system.affairs[i].text();
    }
    text += "\n";
  }
  return text;
}

Result<std::vector<BusinessSystem>> read_systems(const std::string& path) {
  return read_list<BusinessSystem>(path, 4, [](const Fields& fields) -> Result<BusinessSystem> {
    BusinessSystem system;
    NAKADACHI_TRY(system.number, parse_number<std::uint32_t>(fields[0], "number"));
    NAKADACHI_TRY(system.institution, InstitutionCode::parse(fields[1]));
    system.curve_key = std::string(fields[2]);
    for (const std::string_view code : split(fields[3], ',')) {
      NAKADACHI_TRY(const AffairCode affair, AffairCode::parse(code));
      system.affairs.push_back(affair);
    }
    return system;
  });
}

}  // namespace nakadachi::apps
