#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace nakadachi::tenant_vm {

/// Shares a worker among flows so that each gets its weight of the work however
/// long the others' queues are (Shreedhar and Varghese, Efficient Fair Queueing
/// Using Deficit Round Robin, 1995). Every piece of work costs 1. Pure; one thread.
class DeficitRoundRobin {
 public:
  enum class Served : std::uint8_t {
    kOne,     ///< one piece of work was done
    kEmpty,   ///< the flow has no work left
    kBlocked  ///< the flow has work but may not do it now (a limit of its own)
  };

  /// Adds a flow and returns its number, counted from 0. `weight` ≥ 1.
  std::size_t add_flow(std::uint32_t weight);

  /// Says that the flow has work. Cheap when it was known already.
  void activate(std::size_t flow);

  /// Serves at most `budget` pieces of work by calling `serve(flow)`; ends early
  /// when every active flow is blocked. Returns how many were served.
  std::size_t run(std::size_t budget, const std::function<Served(std::size_t)>& serve);

 private:
  /// Pieces of work a flow of weight 1 may do in its turn.
  static constexpr std::uint64_t kQuantum = 8;

  struct Flow {
    std::uint64_t weight = 1;
    std::uint64_t deficit = 0;
    bool active = false;
  };
  std::size_t serve_turn(std::size_t flow, std::size_t budget,
                         const std::function<Served(std::size_t)>& serve);

  std::vector<Flow> flows_;
  std::deque<std::size_t> turn_;
};

}  // namespace nakadachi::tenant_vm
