#pragma once

#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/legal_table.hpp"

namespace nakadachi::apps {

/// The rows of the legal table that are built into the programs (data/legal_rows.tsv).
Result<rules::LegalTable> embedded_law();

}  // namespace nakadachi::apps
