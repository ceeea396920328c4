#include "apps/common/embedded_facts.hpp"

#include "apps/common/text_table.hpp"
#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {

Error in_file(Error error, const std::string& path) {
  error.detail = error.detail.empty() ? path : path + ": " + error.detail;
  return error;
}

Result<rules::LegalFacts> embedded_facts() {
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "legal_table.tsv") return rules::LegalFacts::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "legal_table"};
}

Result<copies::LayoutBook> load_layouts(const std::string& path) {
  if (!path.empty()) {
    NAKADACHI_TRY(const std::string text, read_file(path));
    auto book = copies::LayoutBook::parse(text);
    return book ? book : in_file(book.error(), path);
  }
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "layouts.tsv") return copies::LayoutBook::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "layouts"};
}

}  // namespace nakadachi::apps
