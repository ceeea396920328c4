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

/// When the nodes asked each query, or refused to, by their rows.
std::map<RequestKey, Timestamp> World::times_asked() const {
  std::map<RequestKey, Timestamp> times;
  for (const auto& [key, stored] : store_.rows()) {
    if (stored.step != storage::Step::kConcluded) continue;
    const std::size_t town = std::get<TenantId>(key) == universe_.tenant(0) ? 0 : 1;
    const auto content = open(universe_.cipher(town), stored);
    if (!content) continue;  // isolation tells of it
    const auto conclusion = wire::decode_conclusion(content->statement);
    if (conclusion->reason == ErrorCode::kSameKeyOtherContent) continue;  // another question's
    times.emplace(content->key, conclusion->asked_at);
  }
  return times;
}

/// lawful: no side holds an answer to a question that the table in force when it was asked does
/// not allow.
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
      if (!universe_.allows(conclusion->subject, conclusion->asked_at)) {
        return broken("lawful", "a town has an answer that the law of the day does not allow");
      }
    }
  }
}

}  // namespace nakadachi::sim
