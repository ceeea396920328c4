#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "nakadachi/wire/admin_frame.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"

namespace nakadachi::testing {

/// The institution of `QuietPool` whose staff a test speaks for unless it says otherwise: the
/// first town's mayor.
inline constexpr std::size_t kMayor = 0;

/// A request of an institution's staff under a new key, with who and why.
wire::AdminRequest request(QuietPool& pool, wire::AdminCommand command,
                           std::size_t institution = kMayor);

/// The answer of the sort that is expected; another, or an error, fails the test.
template <class Answer>
Answer answer_of(const Result<wire::AdminAnswer>& answer) {
  REQUIRE(answer.ok());
  REQUIRE(std::holds_alternative<Answer>(*answer));
  return std::get<Answer>(*answer);
}

/// The institution that a query is put to.
std::size_t provider_of(const QuietPool& pool, const exchange::Query& query);

/// A query that leads to an answer of whole copies, and the person it is about at its provider.
struct Question {
  explicit Question(QuietPool& pool);
  exchange::Query query;
  std::size_t provider;
  AddressNumber person;
};

/// 自動応答不可 of a person for all kinds and days, set or cleared.
wire::ChangeFlag hold(const AddressNumber& person, bool set = true);

/// For `QuietPool::on_append`: the store is away, and what waits is tried again; after
/// `kRetryMs` at the latest, once it is back.
storage::AppendResult refuse_for_now(const storage::Train& train);
inline constexpr std::int64_t kRetryMs = 10'000;

/// What waits for the decision of an institution's staff.
std::vector<wire::HeldRequest> held_at(QuietPool& pool, std::size_t institution);
/// Their decision on what they have been shown: provide, or the reason not to.
wire::Decide decide(const wire::HeldRequest& held, std::optional<ErrorCode> refusal = {});

}  // namespace nakadachi::testing
