#pragma once

#include "apps/common/config.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::apps {

/// The legal table that is built into the programs (data/legal_table.tsv).
Result<rules::LegalFacts> embedded_facts();

/// The item layouts that are built into the programs (data/layouts.tsv), or those of a file.
/// Errors: `kFileProblem`; `kConfigInvalid` with the file in the detail.
Result<copies::LayoutBook> load_layouts(const std::string& path = {});

/// The law as configured: tables with their days, conditions of procedures for all of
/// them, local ordinances. Without tables the built-in one holds on all days.
/// Errors: `kFileProblem`; `kConfigInvalid` with the file in the detail.
Result<rules::LawBook> load_law(const LawConfig& config);

}  // namespace nakadachi::apps
