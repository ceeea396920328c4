#include "apps/common/embedded_facts.hpp"

#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {

Result<rules::LegalTable> embedded_law() {
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "legal_rows.tsv") return rules::LegalTable::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "legal_table"};
}

}  // namespace nakadachi::apps
