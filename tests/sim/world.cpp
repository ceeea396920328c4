#include "world.hpp"

#include <algorithm>

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kFaultyMs = 40'000;
constexpr std::int64_t kSettleWithinMs = 900'000;
// A wish that waits for staff comes again after ten minutes only.
constexpr std::uint64_t kSeedsOfOneMoved = 16;

}  // namespace

World::World(std::uint64_t seed, std::size_t exchanges)
    : seed_(seed),
      random_(seed),
      universe_(seed, kStart, Day{Day::of(kStart).number + 1}),
      receipts_(universe_.registry(), universe_.verifier()),
      faults_end_(kStart + kFaultyMs),
      have_moved_(seed % kSeedsOfOneMoved == 3) {
  // Every other seed has both towns on one node, the others a node each.
  if (seed % 2 == 0) {
    nodes_.emplace_back().towns = {0, 1};
    node_of_town_ = {0, 0};
  } else {
    nodes_.emplace_back().towns = {0};
    nodes_.emplace_back().towns = {1};
    node_of_town_ = {0, 1};
  }
  for (std::size_t i = 0; i < kInstitutions; ++i) connections_.push_back(1);
  while (asked_.size() < exchanges) {
    const std::size_t asker = random_.below(kInstitutions);
    const Timestamp when = kStart + static_cast<std::int64_t>(random_.below(kFaultyMs * 3 / 4));
    exchange::Query query = universe_.make_query(asker, when, random_);
    universe_.widen(query, random_);
    asked_.push_back({.query = std::move(query), .asker = asker, .outcome = std::nullopt});
  }
}

RunResult World::run() {
  universe_.found(store_);
  universe_.found_sought(store_, have_moved_);
  gateway_ = std::make_unique<gateway::GatewayCore>();
  national_random_ = std::make_unique<SeededRandom>(seed_ + 1000);
  start_national();
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    nodes_[node].signer = universe_.make_signer("node " + std::to_string(node));
    start_node(node);
  }
  schedule_queries();
  schedule_staff();
  schedule_merges();
  schedule_wishes();
  schedule_loads();
  violate_article_28();
  crash_sometimes();
  while (!agenda_.empty() && now_ < faults_end_ + kSettleWithinMs && result_.broken.empty()) {
    if (!faulty() && all_settled()) break;
    Scheduled next = agenda_.top();
    agenda_.pop();
    now_ = std::max(now_, next.at);
    next.run();
  }
  if (result_.broken.empty()) check_end();
  return result_;
}

void World::at(Timestamp when, std::function<void()> what) {
  agenda_.push({.at = when, .order = ++order_, .run = std::move(what)});
}

/// A network that loses, doubles, delays and overtakes while faults last.
void World::send(std::string_view link, const Bytes& payload,
                 const std::function<void(const Bytes&)>& deliver) {
  if (chance(40, Fault::kPacketLost)) return trace("lost", payload);
  const std::size_t copies = chance(40, Fault::kPacketDuplicated) ? 2 : 1;
  for (std::size_t copy = 0; copy < copies; ++copy) {
    std::int64_t delay_ms = 1 + static_cast<std::int64_t>(random_.below(10));
    if (chance(50, Fault::kPacketDelayed)) {
      delay_ms += 200 + static_cast<std::int64_t>(random_.below(6'000));
    }
    const Timestamp arrival = now_ + delay_ms;
    auto [last, first_on_link] = last_delivery_.try_emplace(std::string(link), arrival);
    if (!first_on_link && arrival < last->second) happened(Fault::kPacketReordered);
    last->second = std::max(last->second, arrival);
    at(arrival, [this, payload, deliver, name = std::string(link)] {
      trace(name, payload);
      deliver(payload);
    });
  }
}

/// FNV-1a over everything that happens, with its time.
void World::trace(std::string_view what, ByteView payload) {
  Bytes stamp;
  append_big_endian<8>(stamp, static_cast<std::uint64_t>(now_.ms));
  for (const ByteView part : {ByteView(stamp), as_bytes(what), payload}) {
    result_.trace_hash = (result_.trace_hash ^ hash_bytes(part)) * 0x100000001b3U;
  }
}

bool World::chance(std::uint32_t permille, Fault fault) {
  if (!faulty() || !random_.chance(permille)) return false;
  happened(fault);
  return true;
}

}  // namespace nakadachi::sim
