#include "apps/common/embedded_facts.hpp"

#include <utility>

#include "apps/common/text_table.hpp"
#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {

Result<rules::LegalFacts> embedded_facts() {
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "legal_table.tsv") return rules::LegalFacts::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "legal_table"};
}

namespace {

Error in_file(Error error, const std::string& path) {
  error.detail = error.detail.empty() ? path : path + ": " + error.detail;
  return error;
}

}  // namespace

Result<copies::LayoutBook> load_layouts(const std::string& path) {
  if (!path.empty()) {
    NAKADACHI_TRY(const std::string text, read_file(path));
    auto book = copies::LayoutBook::parse(text);
    if (!book) return in_file(book.error(), path);
    return book;
  }
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "layouts.tsv") return copies::LayoutBook::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "layouts"};
}

Result<rules::LawBook> load_law(const LawConfig& config) {
  NAKADACHI_TRY(const rules::LegalFacts built_in, embedded_facts());
  rules::ClassCatalogue classes = built_in.classes;
  std::vector<rules::DatedTable> tables;
  for (const LawTableConfig& dated : config.tables) {
    NAKADACHI_TRY(const std::string text, read_file(dated.file));
    const auto facts = rules::LegalFacts::parse(text);
    if (!facts) return in_file(facts.error(), dated.file);
    classes = facts->classes;  // the last table's are the widest
    tables.push_back({.in_force = dated.in_force, .table = rules::LegalTable(*facts)});
  }
  if (tables.empty()) {
    tables.push_back({.in_force = {}, .table = rules::LegalTable(built_in)});
  }
  if (!config.conditions_file.empty()) {
    NAKADACHI_TRY(const std::string text, read_file(config.conditions_file));
    for (rules::DatedTable& dated : tables) {
      auto table = dated.table.with_conditions(text);
      if (!table) return in_file(table.error(), config.conditions_file);
      dated.table = *std::move(table);
    }
  }
  std::vector<rules::Ordinance> ordinances;
  if (!config.ordinances_file.empty()) {
    NAKADACHI_TRY(const std::string text, read_file(config.ordinances_file));
    auto parsed = rules::parse_ordinances(text);
    if (!parsed) return in_file(parsed.error(), config.ordinances_file);
    ordinances = *std::move(parsed);
  }
  return rules::LawBook::make(std::move(classes), std::move(tables), std::move(ordinances));
}

}  // namespace nakadachi::apps
