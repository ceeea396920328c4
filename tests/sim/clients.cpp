#include <algorithm>

#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kLongestWayMs = 7'000;
constexpr std::int64_t kSayAnsweringMs = 2'000;

}  // namespace

void World::schedule_queries() {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    at(time_of(asked_[i].query.key), [this, i] { ask(i); });
  }
  for (std::size_t i = 0; i < kInstitutions; ++i) say_answering(i);
}

/// Business systems of every institution answer one kind themselves.
void World::say_answering(std::size_t system) {
  send_hand_over(system, nullptr);
  after(kSayAnsweringMs, [this, system] { say_answering(system); });
}

void World::send_hand_over(std::size_t system, const exchange::HandOver* answer) {
  const std::size_t node = node_of_town_[Universe::town_of(system)];
  const tenant_vm::ClientId client{std::uint64_t{system} << 32 | connections_[system]};
  send("client to node", wire::encode_hand_over(answer),
       [this, node, client, system](const Bytes& frame) {
         node_event(node, tenant_vm::HandOversArrived{client,
                                                      {static_cast<std::uint32_t>(system + 1)},
                                                      wire::decode_query_frame(frame)->hand_overs});
       });
}

void World::on_question(std::size_t system, std::uint64_t connection, const Bytes& frame) {
  if (connections_[system] != connection) return;
  const auto decoded = wire::decode_replies(frame);
  for (const exchange::LiveQuestion& question : decoded->questions) {
    if (question.subject.provider != universe_.institution(system)) {
      return broken("isolation", "a question reached another institution's system");
    }
    const auto content = universe_.live_answer(question);
    exchange::HandOver answer{.request = question.request, .content = {}};
    if (content) answer.content = *copies::encode(*content);
    send_hand_over(system, &answer);
  }
}

/// Asks, and asks again under the same key until there is an outcome.
void World::ask(std::size_t index) {
  const Asked& asked = asked_[index];
  if (asked.outcome || asked.never_accepted) return;
  const std::size_t node = node_of_town_[Universe::town_of(asked.asker)];
  const std::uint64_t client = std::uint64_t{asked.asker} << 32 | connections_[asked.asker];
  send("client to node", wire::encode_queries({&asked.query, 1}),
       [this, node, client, asker = asked.asker](const Bytes& frame) {
         node_event(node, tenant_vm::QueriesArrived{{client},
                                                    {static_cast<std::uint32_t>(asker + 1)},
                                                    wire::decode_query_frame(frame)->queries});
       });
  ask_again_later(index, 1'000 + static_cast<std::int64_t>(random_.below(3'000)));
}

void World::ask_again_later(std::size_t index, std::int64_t ms) {
  after(ms, [this, index] { ask(index); });
}

void World::on_reply(std::size_t asker, std::uint64_t connection, const Bytes& frame) {
  if (connections_[asker] != connection) return;
  const auto replies = wire::decode_replies(frame);
  for (const exchange::Reply& reply : replies->replies) {
    const auto asked = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& one) {
      return one.asker == asker && one.query.key == reply.key;
    });
    if (asked == asked_.end()) return broken("isolation", "a reply reached another client");
    settle(*asked, reply);
  }
}

void World::settle(Asked& asked, const exchange::Reply& reply) {
  if (reply.concluded) {
    if (asked.outcome && *asked.outcome != reply) {
      return broken("one-outcome", "a query was told two outcomes");
    }
    if (asked.never_accepted) {
      return broken("one-outcome", "an outcome after a final refusal to take the query");
    }
    asked.outcome = reply;
    check_reply_is_durable(asked);
    return check_receipt(asked, reply);
  }
  if (text_of(reply.code).retry != Retry::kNever) return;  // asks again by itself
  if (asked.outcome) return;                               // e.g. too late a copy of the question
  asked.never_accepted = true;
  const auto is_right = [&](Timestamp at) {
    const Universe::Expected expected = universe_.expected(asked.query, at);
    return !expected.recorded && reply.code == expected.code;
  };
  // It was on its way for some seconds, perhaps past the hour at which the law changes.
  const bool right =
      reply.code == ErrorCode::kClockSkew || is_right(now_) || is_right(now_ - kLongestWayMs);
  if (!right)
    broken("one-outcome", "wrongly turned away: " + std::string(text_of(reply.code).name));
}

bool World::all_settled() const {
  const bool replied = std::all_of(asked_.begin(), asked_.end(), [](const Asked& asked) {
    return asked.outcome || asked.never_accepted;
  });
  const bool quiet = std::all_of(nodes_.begin(), nodes_.end(), [](const NodeProcess& process) {
    return process.core != nullptr && process.core->open_exchanges() == 0;
  });
  const bool acquired =
      std::all_of(acquisitions_.begin(), acquisitions_.end(),
                  [this](const Acquisition& acquisition) { return is_acquired(acquisition); });
  return replied && quiet && acquired;
}

}  // namespace nakadachi::sim
