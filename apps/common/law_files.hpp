#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/common/config.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::apps {

/// One version of the legal table, read.
struct DatedFacts {
  std::string name;  ///< the file, for errors
  rules::LegalFacts facts;
  Period in_force;
  std::string conditions_file;  ///< empty: none
};

/// The tables of a configuration; the built-in one on all days when it names none.
/// Errors: `kFileProblem`; `kConfigInvalid` with the file in the detail.
Result<std::vector<DatedFacts>> load_tables(const LawConfig& config);

/// Puts tables (at least one), the conditions of each and local ordinances (a file, or empty)
/// together. Who belongs to which class is what the table with the latest first day says,
/// in whatever order they come. Errors: as above; those of `LawBook::make`.
Result<rules::LawBook> make_law(const std::vector<DatedFacts>& tables,
                                const std::string& ordinances_file);

/// The law as configured. Errors: those of both.
Result<rules::LawBook> load_law(const LawConfig& config);

/// What a service begins with. The log says `law_read`, with the fingerprint by which nodes and
/// core can be compared, and how many tables and ordinances there are. Without a table in force
/// today the service begins too, for what was asked before is judged by other days: the log has the
/// error `no_table_in_force`, and every new question will be refused. Errors: those of `load_law`.
Result<rules::LawBook> load_law_at_start(const LawConfig& config);
/// What it goes on with, when it has read the law again. Errors: also `kConfigInvalid` when no
/// table is in force on `today`.
Result<rules::LawBook> load_law_to_go_on(const LawConfig& config, Day today);

/// What a service does at SIGHUP: has `load` read the law, hands it to `replace`, and writes to the
/// log what came of it: `law_replaced` with what `law_read` tells, or `law_not_replaced`, and then
/// the former law stands.
void read_law_again(const std::function<Result<rules::LawBook>()>& load,
                    const std::function<Result<void>(rules::LawBook)>& replace);

}  // namespace nakadachi::apps
