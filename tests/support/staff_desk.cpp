#include "tests/support/staff_desk.hpp"

#include <utility>

namespace nakadachi::testing {
namespace {

exchange::Query query_of_whole_copies(QuietPool& pool) {
  exchange::Query query = pool.query_for(exchange::Outcome::kAnswered);
  while (!query.subject.items.empty()) query = pool.query_for(exchange::Outcome::kAnswered);
  return query;
}

}  // namespace

wire::AdminRequest request(QuietPool& pool, wire::AdminCommand command, std::size_t institution) {
  return {.key = make_request_key(pool.now, pool.random),
          .institution = pool.universe.institution(institution),
          .who = "窓口 一郎",
          .why = "届出による",
          .command = std::move(command)};
}

std::size_t provider_of(const QuietPool& pool, const exchange::Query& query) {
  std::size_t provider = 0;
  while (pool.universe.institution(provider) != query.subject.provider) ++provider;
  return provider;
}

Question::Question(QuietPool& pool)
    : query(query_of_whole_copies(pool)),
      provider(provider_of(pool, query)),
      person(Universe::address_of(provider, query.person.reveal() % 1'000'000)) {}

wire::ChangeFlag hold(const AddressNumber& person, bool set) {
  return {.person = person, .flag = {copies::FlagSort::kHeld, {}, {}}, .set = set};
}

storage::AppendResult refuse_for_now(const storage::Train& /*train*/) {
  return {.commit = storage::Commit::kFailed,
          .error = {.code = ErrorCode::kStoreUnavailable},
          .bad_row = {}};
}

std::vector<wire::HeldRequest> held_at(QuietPool& pool, std::size_t institution) {
  return answer_of<wire::HeldRequests>(
             pool.command(request(pool, wire::ListHeld{}, institution), institution))
      .requests;
}

wire::Decide decide(const wire::HeldRequest& held, std::optional<ErrorCode> refusal) {
  return {.request = held.request, .person = held.person, .refusal = refusal};
}

}  // namespace nakadachi::testing
