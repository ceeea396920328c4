// What was answered was lawful on its day. Another legal table begins at midnight in Japan,
// while queries are asked.

#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

Result<wire::StoredContent> open(crypto::TenantCipher cipher, const storage::StoredStep& stored) {
  Bytes row(stored.exchange.view().begin(), stored.exchange.view().end());
  row.push_back(static_cast<std::uint8_t>(stored.step));
  NAKADACHI_TRY(const Bytes plain,
                cipher.open({.table = "step", .column = "sealed", .row = row}, stored.sealed));
  return wire::decode_stored_content(plain);
}

}  // namespace

/// How each query ended, by the rows of the nodes.
std::map<RequestKey, exchange::Conclusion> World::conclusions() const {
  std::map<RequestKey, exchange::Conclusion> made;
  for (const auto& [key, stored] : store_.rows()) {
    if (stored.step != storage::Step::kConcluded) continue;
    const std::size_t town = std::get<TenantId>(key) == universe_.tenant(0) ? 0 : 1;
    const auto content = open(universe_.cipher(town), stored);
    if (!content) continue;  // isolation tells of it
    const auto conclusion = wire::decode_conclusion(content->statement);
    if (conclusion->reason == ErrorCode::kSameKeyOtherContent) continue;  // another question's
    if (conclusion->reason == ErrorCode::kClockSkew) continue;            // to be asked again
    made.emplace(content->key, *conclusion);
  }
  return made;
}

/// suspended: the core system permits nothing of a file that violates Article 28 from when it
/// was told of it.
void World::check_permit(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !violated_at_) return;
  const auto permit = wire::decode_permit(notice.statement);
  if (permit->issued_at >= *violated_at_ && universe_.is_suspended(permit->subject)) {
    broken("suspended", "the core system has permitted what Article 28 forbids");
  }
}

/// lawful: no side holds an answer to a question, or an item of one, that the law in force when
/// it was asked does not allow.
void World::check_law() {
  for (const auto& [key, stored] : store_.rows()) {
    const std::size_t town = std::get<TenantId>(key) == universe_.tenant(0) ? 0 : 1;
    const auto content = open(universe_.cipher(town), stored);
    if (!content) continue;
    if (stored.step == storage::Step::kProvided) {
      const auto provision = wire::decode_provision(content->statement);
      if (!exchange::has_answer(provision->outcome)) continue;
      const auto permit = wire::decode_permit(content->permit);
      if (!universe_.allows(permit->subject, permit->asked_at)) {
        return broken("lawful", "a town has provided what the law of the day does not allow");
      }
    } else if (stored.step == storage::Step::kConcluded) {
      const auto conclusion = wire::decode_conclusion(content->statement);
      if (!exchange::has_answer(conclusion->outcome)) continue;
      const auto answer = copies::decode_content(content->answer);
      if (!universe_.covers(conclusion->subject, conclusion->asked_at, *answer)) {
        return broken("lawful", "a town has an answer that the law of the day does not allow");
      }
      if (universe_.is_by_ordinance(conclusion->subject, conclusion->asked_at)) {
        occurred(Occasion::kAnsweredByOrdinance);
      }
    }
  }
}

}  // namespace nakadachi::sim
