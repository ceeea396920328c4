#include "nakadachi/tenant_vm/deficit_round_robin.hpp"

#include "nakadachi/base/assert.hpp"

namespace nakadachi::tenant_vm {

std::size_t DeficitRoundRobin::add_flow(std::uint32_t weight) {
  NAKADACHI_ASSERT(weight >= 1);
  flows_.push_back({.weight = weight});
  return flows_.size() - 1;
}

void DeficitRoundRobin::activate(std::size_t flow) {
  if (flows_[flow].active) return;
  flows_[flow].active = true;
  turn_.push_back(flow);
}

std::size_t DeficitRoundRobin::run(std::size_t budget,
                                   const std::function<Served(std::size_t)>& serve) {
  std::size_t served = 0;
  std::size_t idle_turns = 0;
  while (served < budget && !turn_.empty() && idle_turns < turn_.size()) {
    const std::size_t flow = turn_.front();
    const std::size_t in_turn = serve_turn(flow, budget - served, serve);
    served += in_turn;
    idle_turns = in_turn > 0 ? 0 : idle_turns + 1;
  }
  return served;
}

/// One turn of the flow in front. It stays in front when only the budget ended it.
std::size_t DeficitRoundRobin::serve_turn(std::size_t flow, std::size_t budget,
                                          const std::function<Served(std::size_t)>& serve) {
  Flow& state = flows_[flow];
  if (state.deficit == 0) state.deficit = state.weight * kQuantum;
  std::size_t served = 0;
  while (state.deficit > 0) {
    if (served == budget) return served;
    const Served result = serve(flow);
    if (result == Served::kOne) {
      --state.deficit;
      ++served;
      continue;
    }
    state.deficit = 0;
    if (result == Served::kEmpty) {
      state.active = false;
      turn_.pop_front();
      return served;
    }
  }
  turn_.pop_front();
  turn_.push_back(flow);
  return served;
}

}  // namespace nakadachi::tenant_vm
