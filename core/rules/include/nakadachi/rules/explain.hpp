#pragma once

#include <string>
#include <vector>

#include "nakadachi/base/error.hpp"
#include "nakadachi/rules/law_book.hpp"

namespace nakadachi::rules {

/// Why a question is answered as it is, in words: a line each for the verdict, the
/// item and its law, the classes, the kinds the item gives this inquirer, the
/// level and the table. `facts` are those of the table in force, for names.
std::vector<std::string> explain(const LawBook& book, const LegalFacts& facts,
                                 const Question& question, Day day, Language language);

/// One sentence for the verdict alone.
std::string describe(const Verdict& verdict, Language language);

}  // namespace nakadachi::rules
