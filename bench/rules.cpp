#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
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
const AffairCode kOwnAffair = *AffairCode::parse("JM99000000000001");

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
    if (i % 8 == 7) {  // in an affair of their own ordinance, every second one at home
      question.affair = kOwnAffair;
      question.kind = facts.rows.front().kinds.front();
      if (i % 16 == 7) question.provider = question.inquirer;
    }
    questions.push_back(question);
  }
  return questions;
}

constexpr double kMostNs = 1'000;
#ifdef NAKADACHI_RELEASE
constexpr bool kRelease = true;
#else
constexpr bool kRelease = false;
#endif

/// An ordinance of each sort for every municipality, as many as a national system may have.
Result<rules::LawBook> make_book(const rules::LegalFacts& facts) {
  std::vector<rules::Ordinance> ordinances;
  for (const apps::Municipality& town : apps::municipalities()) {
    const rules::RuleRow& row = facts.rows.front();
    rules::Ordinance one{.sort = rules::OrdinanceSort::kWithinBody,
                         .municipality = town.code,
                         .affair = kOwnAffair,
                         .treated_as = {},
                         .kind = row.kinds.front(),
                         .in_force = {},
                         .name = {}};
    ordinances.push_back(one);
    one.sort = rules::OrdinanceSort::kNetwork;
    one.treated_as = row.affair;
    ordinances.push_back(one);
  }
  std::vector<rules::DatedTable> tables;
  tables.push_back({.in_force = {}, .table = rules::LegalTable(facts)});
  return rules::LawBook::make(facts.classes, std::move(tables), std::move(ordinances));
}

/// Nanoseconds of one judgement.
template <class Judge>
double measure(std::string_view name, const std::vector<rules::Question>& questions, Judge judge) {
  std::size_t allowed = 0;
  const auto began = SteadyClock::now();
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const rules::Question& question : questions) {
      if (judge(question)) ++allowed;
    }
  }
  const std::chrono::duration<double, std::nano> took = SteadyClock::now() - began;
  const double each = took.count() / static_cast<double>(kRounds * kQuestions);
  fmt::print("{:<12} {:>6.0f} ns a judgement, {:.0f} % of them allowed\n", name, each,
             100.0 * static_cast<double>(allowed) / static_cast<double>(kRounds * kQuestions));
  return each;
}

}  // namespace

Result<void> run_rules() {
  NAKADACHI_TRY(const rules::LegalFacts facts, apps::embedded_facts());
  const auto questions = make_questions(facts);
  const rules::LegalTable table(facts);
  NAKADACHI_TRY(const rules::LawBook book, make_book(facts));
  const auto day = *Day::parse("2026-06-14");
  fmt::print("{} rows, {} questions answered with yes, ordinances of {} municipalities\n",
             facts.rows.size(), table.size(), apps::municipalities().size());
  const double by_table = measure("table", questions, [&](const rules::Question& one) {
    return table
        .judge(one.inquirer.institution_class, one.affair, one.provider.institution_class, one.kind)
        .allowed;
  });
  const double by_book = measure("law book", questions, [&](const rules::Question& one) {
    return book.judge(one, day).allowed;
  });
  if (!kRelease) {
    fmt::print("not a release build: whether a judgement takes more than {} ns is not judged\n",
               kMostNs);
  } else if (std::max(by_table, by_book) > kMostNs) {
    return Error{.code = ErrorCode::kTimedOut,
                 .detail = fmt::format("a judgement took more than {} ns", kMostNs)};
  }
  return {};
}

}  // namespace nakadachi::bench
