#include "apps/common/embedded_facts.hpp"

#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {

Result<rules::LegalFacts> embedded_facts() {
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "legal_table.tsv") return rules::LegalFacts::parse(file.content);
  }
  return Error{.code = ErrorCode::kConfigInvalid, .field = "legal_table"};
}

Result<rules::LegalTable> embedded_law() {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  return rules::LegalTable(facts);
}

}  // namespace nakadachi::apps
