#include "apps/common/join_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "apps/common/text_table.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/tenant_vm/service_hours.hpp"

namespace nakadachi::apps {
namespace {

using Fields = std::vector<std::string_view>;

constexpr std::size_t kDayLength = 10;  // 2027-03-31
constexpr std::size_t kAboutKey = 3;    // columns: from, until, place

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

/// Reads rows into a list with one function per row; the last `optional` columns need not be there.
template <class Row, class Parse>
Result<std::vector<Row>> read_list(const std::string& path, std::size_t columns, Parse parse,
                                   std::size_t optional = 0) {
  std::vector<Row> rows;
  NAKADACHI_CHECK(read_rows(path, columns, optional, [&](const Fields& fields) -> Result<void> {
    NAKADACHI_TRY(Row row, parse(fields));
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

/// A field that need not be there; - stands for none.
std::string_view field_at(const Fields& fields, std::size_t place) {
  return place < fields.size() ? fields[place] : "-";
}

Result<socket::CurvePublicKey> parse_key(std::string_view text) {
  const auto key = socket::curve_key_from_z85(text);
  if (!key) return Error{.code = key.error().code, .field = "key"};
  return *key;
}

Result<std::string> parse_place(std::string_view text) {
  if (text.empty()) return Error{.code = ErrorCode::kMissingField, .field = "place"};
  return text == "-" ? std::string() : std::string(text);
}

/// Day, or minute of a day; `at_end` of that day where no minute is named.
Result<std::optional<Timestamp>> parse_moment(std::string_view text, bool at_end,
                                              std::string_view field) {
  using tenant_vm::ServiceHours;
  if (text == "-") return std::optional<Timestamp>();
  const Error problem{.code = ErrorCode::kWrongFormat, .field = field};
  const auto day = Day::parse(text.substr(0, kDayLength));
  if (!day) return problem;
  std::int64_t minutes = at_end ? 24 * 60 : 0;
  if (text.size() != kDayLength) {
    const std::string_view time = text.substr(kDayLength);  // T18:00
    if (time.size() != 6 || time[0] != 'T' || time[3] != ':') return problem;
    const auto hour = parse_decimal<unsigned>(time.substr(1, 2));
    const auto minute = parse_decimal<unsigned>(time.substr(4, 2));
    if (!hour || !minute || *hour > 23 || *minute > 59) return problem;
    minutes = *hour * 60 + *minute;
  }
  return std::optional(Timestamp{day->number * ServiceHours::kDayMs - ServiceHours::kJapanOffsetMs +
                                 minutes * ServiceHours::kMinuteMs});
}

/// The minute in Japan that `parse_moment` reads as this one.
std::string moment_text(const std::optional<Timestamp>& at) {
  using tenant_vm::ServiceHours;
  if (!at) return "-";
  const Day day = Day::of(*at);
  const std::int64_t of_day =
      at->ms + ServiceHours::kJapanOffsetMs - day.number * ServiceHours::kDayMs;
  const std::int64_t minutes = of_day / ServiceHours::kMinuteMs;
  return fmt::format("{}T{:02}:{:02}", day.text(), minutes / 60, minutes % 60);
}

std::string_view place_text(const std::string& place) {
  return place.empty() ? std::string_view("-") : std::string_view(place);
}

/// Keeps what was read of each number, since rows of one number must agree.
template <class Row>
class Holders {
 public:
  /// `differs` names the field in which two rows of one holder differ, or nothing.
  template <class Differs>
  Result<void> take(const Row& row, Differs differs) {
    const auto wrong = [](std::string_view field) {
      return Error{.code = ErrorCode::kConfigInvalid, .field = field};
    };
    if (row.number >> kNumberBits != 0) return wrong("number");
    if (!keys_.insert(row.key).second) return wrong("key");
    auto& [first, count] = known_.try_emplace(row.number, row, 0).first->second;
    if (++count > kMostKeys) return wrong("number");
    if (const std::string_view field = differs(first, row); !field.empty()) return wrong(field);
    return {};
  }

 private:
  static constexpr int kMostKeys = 2;          // one, and the one that replaces it
  static constexpr unsigned kNumberBits = 24;  // of who holds a key, at the doors

  std::set<socket::CurvePublicKey> keys_;
  std::map<std::uint32_t, std::pair<Row, int>> known_;
};

/// The same codes, in whatever order.
template <class Code>
bool same_codes(std::vector<Code> a, std::vector<Code> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
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

Result<socket::KeyTime> parse_key_time(std::string_view from, std::string_view until) {
  socket::KeyTime time;
  NAKADACHI_TRY(time.from, parse_moment(from, false, "from"));
  NAKADACHI_TRY(time.until, parse_moment(until, true, "until"));
  if (time.from && time.until && *time.until <= *time.from) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "until"};
  }
  return time;
}

std::string write_systems(const std::vector<BusinessSystem>& systems) {
  std::string text =
      "# number\tinstitution\tCURVE public key\taffairs\tanswers\tfrom\tuntil\tplace\n";
  for (const BusinessSystem& system : systems) {
    text += fmt::format(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", system.number, system.institution.text(),
        socket::to_z85(system.key), codes_text(system.affairs), codes_text(system.answers),
        moment_text(system.time.from), moment_text(system.time.until), place_text(system.place));
  }
  return text;
}

Result<std::vector<BusinessSystem>> read_systems(const std::string& path) {
  constexpr std::size_t kColumns = 5;
  Holders<BusinessSystem> holders;
  const auto differs = [](const BusinessSystem& a, const BusinessSystem& b) -> std::string_view {
    if (a.institution != b.institution) return "institution";
    if (!same_codes(a.affairs, b.affairs)) return "affairs";
    return same_codes(a.answers, b.answers) ? "" : "answers";
  };
  const auto parse = [&](const Fields& fields) -> Result<BusinessSystem> {
    BusinessSystem system;
    NAKADACHI_TRY(system.number, parse_number<std::uint32_t>(fields[0], "number"));
    NAKADACHI_TRY(system.institution, InstitutionCode::parse(fields[1]));
    NAKADACHI_TRY(system.key, parse_key(fields[2]));
    NAKADACHI_TRY(system.affairs, parse_codes<AffairCode>(fields[3]));
    NAKADACHI_TRY(system.answers, parse_codes<InformationKind>(fields[4]));
    NAKADACHI_TRY(system.time,
                  parse_key_time(field_at(fields, kColumns), field_at(fields, kColumns + 1)));
    NAKADACHI_TRY(system.place, parse_place(field_at(fields, kColumns + 2)));
    NAKADACHI_CHECK(holders.take(system, differs));
    return system;
  };
  return read_list<BusinessSystem>(path, kColumns, parse, kAboutKey);
}

std::string write_staff(const std::vector<StaffRow>& staff) {
  std::string text = "# number\tinstitution\tCURVE public key\trights\tfrom\tuntil\tplace\n";
  for (const StaffRow& row : staff) {
    std::string rights = row.may_change ? "change" : "";
    if (row.may_decide) rights += rights.empty() ? "decide" : ",decide";
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.number,
                        row.institution ? row.institution->text() : "-", socket::to_z85(row.key),
                        rights.empty() ? "-" : rights, moment_text(row.time.from),
                        moment_text(row.time.until), place_text(row.place));
  }
  return text;
}

Result<std::vector<StaffRow>> read_staff(const std::string& path) {
  constexpr std::size_t kColumns = 4;
  Holders<StaffRow> holders;
  const auto differs = [](const StaffRow& a, const StaffRow& b) -> std::string_view {
    if (a.institution != b.institution) return "institution";
    const bool same = a.may_change == b.may_change && a.may_decide == b.may_decide;
    return same ? "" : "rights";
  };
  const auto parse = [&](const Fields& fields) -> Result<StaffRow> {
    StaffRow row;
    NAKADACHI_TRY(row.number, parse_number<std::uint32_t>(fields[0], "number"));
    if (fields[1] != "-") {
      NAKADACHI_TRY(row.institution, InstitutionCode::parse(fields[1]));
    }
    NAKADACHI_TRY(row.key, parse_key(fields[2]));
    for (const std::string_view right : split(fields[3], ',')) {
      if (right == "change") {
        row.may_change = true;
      } else if (right == "decide") {
        row.may_decide = true;
      } else if (right != "-") {
        return Error{.code = ErrorCode::kUnknownEnumValue, .field = "rights"};
      }
    }
    NAKADACHI_TRY(row.time,
                  parse_key_time(field_at(fields, kColumns), field_at(fields, kColumns + 1)));
    NAKADACHI_TRY(row.place, parse_place(field_at(fields, kColumns + 2)));
    NAKADACHI_CHECK(holders.take(row, differs));
    return row;
  };
  return read_list<StaffRow>(path, kColumns, parse, kAboutKey);
}

std::string write_nodes(const std::vector<NodeRow>& nodes) {
  std::string text = "# number\tCURVE public key\tfrom\tuntil\tplace\n";
  for (const NodeRow& row : nodes) {
    text +=
        fmt::format("{}\t{}\t{}\t{}\t{}\n", row.number, socket::to_z85(row.key),
                    moment_text(row.time.from), moment_text(row.time.until), place_text(row.place));
  }
  return text;
}

Result<std::vector<NodeRow>> read_nodes(const std::string& path) {
  constexpr std::size_t kColumns = 2;
  Holders<NodeRow> holders;
  const auto parse = [&](const Fields& fields) -> Result<NodeRow> {
    NodeRow row;
    NAKADACHI_TRY(row.number, parse_number<std::uint32_t>(fields[0], "number"));
    NAKADACHI_TRY(row.key, parse_key(fields[1]));
    NAKADACHI_TRY(row.time,
                  parse_key_time(field_at(fields, kColumns), field_at(fields, kColumns + 1)));
    NAKADACHI_TRY(row.place, parse_place(field_at(fields, kColumns + 2)));
    NAKADACHI_CHECK(holders.take(row, [](const NodeRow&, const NodeRow&) { return ""; }));
    return row;
  };
  return read_list<NodeRow>(path, kColumns, parse, kAboutKey);
}

}  // namespace nakadachi::apps
