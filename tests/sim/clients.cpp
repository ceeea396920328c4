#include <algorithm>

#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kSayAnsweringMs = 2'000;
constexpr std::uint32_t kReusePermille = 100;

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
  send_query(asked.asker, asked.query);
  ask_again_later(index, 1'000 + static_cast<std::int64_t>(random_.below(3'000)));
}

/// Asks another question under the key of one that has its outcome, until that is refused.
void World::reuse_key(std::size_t index) {
  const Asked& asked = asked_[index];
  if (asked.reuse_told) return;
  exchange::Query other = asked.query;
  other.subject.section = "another section";
  send_query(asked.asker, other);
  after(1'000 + static_cast<std::int64_t>(random_.below(3'000)),
        [this, index] { reuse_key(index); });
}

void World::send_query(std::size_t asker, const exchange::Query& query) {
  const std::size_t node = node_of_town_[Universe::town_of(asker)];
  const std::uint64_t client = std::uint64_t{asker} << 32 | connections_[asker];
  send("client to node", wire::encode_queries({&query, 1}),
       [this, node, client, asker](const Bytes& frame) {
         node_event(node, tenant_vm::QueriesArrived{{client},
                                                    {static_cast<std::uint32_t>(asker + 1)},
                                                    wire::decode_query_frame(frame)->queries});
       });
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
    if (!asked.outcome && chance(kReusePermille, Fault::kKeyUsedAgain)) {
      asked.reused = true;
      reuse_key(static_cast<std::size_t>(&asked - asked_.data()));
    }
    asked.outcome = reply;
    check_reply_is_durable(asked);
    return check_receipt(asked, reply);
  }
  if (text_of(reply.code).retry != Retry::kNever) return;  // asks again by itself
  if (reply.code == ErrorCode::kSameKeyOtherContent && asked.reused) asked.reuse_told = true;
  if (asked.outcome) return;  // e.g. too late a copy of the question
  asked.never_accepted = true;
  if (reply.code != ErrorCode::kClockSkew) {
    broken("one-outcome", "wrongly turned away: " + std::string(text_of(reply.code).name));
  }
}

bool World::all_settled() const {
  const bool replied = std::all_of(asked_.begin(), asked_.end(), [](const Asked& asked) {
    return (asked.outcome || asked.never_accepted) && asked.reused == asked.reuse_told;
  });
  const bool quiet = std::all_of(nodes_.begin(), nodes_.end(), [](const NodeProcess& process) {
    return process.core != nullptr && process.core->open_exchanges() == 0;
  });
  const bool acquired =
      std::all_of(acquisitions_.begin(), acquisitions_.end(),
                  [this](const Acquisition& acquisition) { return is_acquired(acquisition); });
  return replied && quiet && acquired && all_loaded() && all_merged() && all_over();
}

}  // namespace nakadachi::sim
