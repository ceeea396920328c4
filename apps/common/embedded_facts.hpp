#pragma once

#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/legal_facts.hpp"
#include "nakadachi/rules/legal_table.hpp"

namespace nakadachi::apps {

/// The legal table that is built into the programs (data/legal_table.tsv).
Result<rules::LegalFacts> embedded_facts();

/// The same, compiled.
Result<rules::LegalTable> embedded_law();

}  // namespace nakadachi::apps
