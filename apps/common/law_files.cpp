#include "apps/common/law_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/log.hpp"

namespace nakadachi::apps {
namespace {

Result<rules::LegalTable> compile(const DatedFacts& dated) {
  rules::LegalTable table(dated.facts);
  if (dated.conditions_file.empty()) return table;
  NAKADACHI_TRY(const std::string text, read_lines(dated.conditions_file));
  auto narrowed = table.with_conditions(text);
  return narrowed ? std::move(narrowed) : in_file(narrowed.error(), dated.conditions_file);
}

Result<std::vector<rules::Ordinance>> load_ordinances(const std::string& file) {
  if (file.empty()) return std::vector<rules::Ordinance>();
  NAKADACHI_TRY(const std::string text, read_lines(file));
  auto parsed = rules::parse_ordinances(text);
  return parsed ? std::move(parsed) : in_file(parsed.error(), file);
}

Error none_on(Day day) {
  return {.code = ErrorCode::kConfigInvalid,
          .field = "law.table",
          .detail = "no legal table is in force on " + day.text()};
}

/// What is to be seen of a law in the log.
class Summary {
 public:
  explicit Summary(const rules::LawBook& law)
      : fingerprint_(law.fingerprint_on(Day::of(SystemClock().now()))),
        tables_(law.tables().size()),
        ordinances_(law.ordinances().size()) {}

  void tell(std::string_view event) const {
    const std::string fingerprint = fmt::format("{:016x}", fingerprint_);
    log::write(log::Level::kInfo, event,
               {{"fingerprint", std::string_view(fingerprint)},
                {"tables", std::uint64_t{tables_}},
                {"ordinances", std::uint64_t{ordinances_}}});
  }

 private:
  std::uint64_t fingerprint_;
  std::size_t tables_;
  std::size_t ordinances_;
};

}  // namespace

Result<std::vector<DatedFacts>> load_tables(const LawConfig& config) {
  std::vector<DatedFacts> tables;
  for (const LawTableConfig& dated : config.tables) {
    NAKADACHI_TRY(const std::string text, read_lines(dated.file));
    auto facts = rules::LegalFacts::parse(text);
    if (!facts) return in_file(facts.error(), dated.file);
    tables.push_back({dated.file, *std::move(facts), dated.in_force, dated.conditions_file});
  }
  if (tables.empty()) {
    NAKADACHI_TRY(rules::LegalFacts built_in, embedded_facts());
    tables.push_back({"the built-in table", std::move(built_in), {}, config.conditions_file});
  }
  return tables;
}

Result<rules::LawBook> make_law(const std::vector<DatedFacts>& tables,
                                const std::string& ordinances_file) {
  NAKADACHI_ASSERT(!tables.empty());
  std::vector<rules::DatedTable> compiled;
  for (const DatedFacts& dated : tables) {
    NAKADACHI_TRY(rules::LegalTable table, compile(dated));
    compiled.push_back({dated.in_force, std::move(table)});
  }
  NAKADACHI_TRY(std::vector<rules::Ordinance> ordinances, load_ordinances(ordinances_file));
  const auto latest = std::max_element(
      tables.begin(), tables.end(),
      [](const auto& a, const auto& b) { return a.in_force.from < b.in_force.from; });
  auto book =
      rules::LawBook::make(latest->facts.classes, std::move(compiled), std::move(ordinances));
  if (book) return book;
  const Error& error = book.error();
  const bool of_a_table = error.field == "legal_table";
  return in_file(error, of_a_table ? tables.at(static_cast<std::size_t>(error.position)).name
                                   : ordinances_file);
}

Result<rules::LawBook> load_law(const LawConfig& config) {
  NAKADACHI_TRY(const std::vector<DatedFacts> tables, load_tables(config));
  return make_law(tables, config.ordinances_file);
}

Result<rules::LawBook> load_law_at_start(const LawConfig& config) {
  NAKADACHI_TRY(rules::LawBook law, load_law(config));
  const Summary summary(law);
  summary.tell("law_read");
  const Day today = Day::of(SystemClock().now());
  if (law.table_on(today) == nullptr) {
    log::write(log::Level::kError, "no_table_in_force", none_on(today));
  }
  return law;
}

Result<rules::LawBook> load_law_to_go_on(const LawConfig& config, Day today) {
  NAKADACHI_TRY(rules::LawBook law, load_law(config));
  if (law.table_on(today) == nullptr) return none_on(today);
  return law;
}

void read_law_again(const std::function<Result<rules::LawBook>()>& load,
                    const std::function<Result<void>(rules::LawBook)>& replace) {
  auto law = load();
  if (!law) return log::write(log::Level::kError, "law_not_replaced", law.error());
  const Summary summary(*law);
  const Result<void> done = replace(*std::move(law));
  if (!done) return log::write(log::Level::kError, "law_not_replaced", done.error());
  summary.tell("law_replaced");
}

}  // namespace nakadachi::apps
