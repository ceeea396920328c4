#pragma once

#include <string>

#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::apps {

/// With the file `path` before what the error says.
Error in_file(Error error, const std::string& path);

/// The legal table that is built into the programs (data/legal_table.tsv).
Result<rules::LegalFacts> embedded_facts();

/// The item layouts that are built into the programs (data/layouts.tsv), or those of a file.
/// Errors: `kFileProblem`; `kConfigInvalid` with the file in the detail.
Result<copies::LayoutBook> load_layouts(const std::string& path = {});

}  // namespace nakadachi::apps
