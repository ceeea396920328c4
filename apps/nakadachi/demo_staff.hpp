#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "apps/common/demo_pool.hpp"

namespace nakadachi::apps {

/// Staff of the demo's towns: look at what is held and decide as planned, on a
/// thread of their own, from `start` until dropped.
class DemoStaff {
 public:
  explicit DemoStaff(const DemoPool& pool) : pool_(pool) {}
  ~DemoStaff();
  /// Errors: those of `admin::Client::connect`.
  Result<void> start();

  std::uint64_t decided() const noexcept { return decided_; }

 private:
  struct Desk {
    InstitutionCode institution;
    std::unique_ptr<admin::Client> client;
  };
  void work();
  void look(Desk& desk);

  const DemoPool& pool_;
  std::map<AddressNumber, DemoResidents::Decision> plan_;
  std::vector<Desk> desks_;
  std::atomic<std::uint64_t> decided_ = 0;
  std::atomic<bool> going_home_ = false;
  std::thread thread_;
};

}  // namespace nakadachi::apps
