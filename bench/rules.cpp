#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/municipalities.hpp"
#include "bench/bench.hpp"
#include "nakadachi/rules/law_book.hpp"

namespace nakadachi::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kQuestions = 4096;
constexpr std::size_t kRounds = 500;

/// Questions over all affairs and kinds by mayors of all municipalities: some are
/// allowed, most fail at one place or another.
std::vector<rules::Question> make_questions(const rules::LegalFacts& facts) {
  const auto& towns = apps::municipalities();
  std::vector<rules::Question> questions;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    const rules::RuleRow& row = facts.rows[i * 37 % facts.rows.size()];
    const rules::KindFact& kind = facts.kinds[i * 11 % facts.kinds.size()];
    rules::Question question;
    question.inquirer = {rules::InstitutionClass::kMayor, towns[i % towns.size()].code};
    question.provider = {rules::InstitutionClass::kMayor, towns[i * 7 % towns.size()].code};
    question.affair = row.affair;
    question.kind = i % 2 == 0 ? row.kinds.front() : kind.code;
    questions.push_back(question);
  }
  return questions;
}

template <class Judge>
void measure(std::string_view name, const std::vector<rules::Question>& questions, Judge judge) {
  std::size_t allowed = 0;
  const auto began = SteadyClock::now();
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const rules::Question& question : questions) {
      if (judge(question)) ++allowed;
    }
  }
  const std::chrono::duration<double, std::nano> took = SteadyClock::now() - began;
  fmt::print("{:<12} {:>6.0f} ns a judgement, {:.0f} % of them allowed\n", name,
             took.count() / static_cast<double>(kRounds * kQuestions),
             100.0 * static_cast<double>(allowed) / static_cast<double>(kRounds * kQuestions));
}

}  // namespace

Result<void> run_rules() {
  NAKADACHI_TRY(const rules::LegalFacts facts, apps::embedded_facts());
  const auto questions = make_questions(facts);
  const rules::LegalTable table(facts);
  const rules::LawBook book = rules::LawBook::of(facts);
  const auto day = *Day::parse("2026-06-14");
  fmt::print("{} rows, {} questions answered with yes\n", facts.rows.size(), table.size());
  measure("table", questions, [&](const rules::Question& one) {
    return table
        .judge(one.inquirer.institution_class, one.affair, one.provider.institution_class, one.kind)
        .allowed;
  });
  measure("law book", questions,
          [&](const rules::Question& one) { return book.judge(one, day).allowed; });
  return {};
}

}  // namespace nakadachi::bench
