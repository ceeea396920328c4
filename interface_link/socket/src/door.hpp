#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "connection_watch.hpp"
#include "nakadachi/socket/server.hpp"

namespace nakadachi::socket {

/// `ServerCounters` while they are being counted.
struct DoorCounts {
  using Count = std::atomic<std::uint64_t>;
  Count frames_received{0};
  Count frames_sent{0};
  Count handshakes_done{0};
  Count refused_keys{0};
  Count refused_addresses{0};
  Count refused_protocol{0};
  Count refused_full{0};
  Count dropped_unnamed{0};
  Count dropped_revoked{0};
  Count dropped_malformed{0};
  Count dropped_oversize{0};
  Count dropped_rate{0};
  Count cut_endless{0};
  Count unroutable{0};
  Count send_blocked{0};
};

/// The address of an IPv4 peer as IPv4, also where it came to a socket for both families.
inline std::string_view unmapped(std::string_view address) noexcept {
  constexpr std::string_view kMapped = "::ffff:";
  const bool is_mapped =
      address.starts_with(kMapped) && address.find('.') != std::string_view::npos;
  return is_mapped ? address.substr(kMapped.size()) : address;
}

inline void count(DoorCounts::Count& counter, std::uint64_t by = 1) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

/// What a door shares between its loop's thread and the keeper's.
class Door {
 public:
  Door(std::string domain, std::size_t max_connections, std::uint64_t most_open_bytes,
       std::shared_ptr<const AccessTable> table, AddressCheck may_come_from, const Clock& clock)
      : domain_(std::move(domain)),
        max_connections_(max_connections),
        may_come_from_(std::move(may_come_from)),
        clock_(&clock),
        watch_(most_open_bytes),
        table_(std::move(table)) {}

  const std::string& domain() const noexcept { return domain_; }
  std::size_t max_connections() const noexcept { return max_connections_; }
  Timestamp now() const noexcept { return clock_->now(); }
  /// The door's own rule.
  bool may_come(std::string_view address) const {
    return !may_come_from_ || may_come_from_(address);
  }
  /// From now on refusals are of others than the strangers of the self-test.
  void set_proven() noexcept { proven_.store(true); }
  bool is_proven() const noexcept { return proven_.load(); }
  DoorCounts& counts() noexcept { return counts_; }
  ConnectionWatch& watch() noexcept { return watch_; }

  std::shared_ptr<const AccessTable> table() const {
    const std::lock_guard lock(mutex_);
    return table_;
  }
  void replace_table(std::shared_ptr<const AccessTable> table) {
    const std::lock_guard lock(mutex_);
    table_.swap(table);
  }

 private:
  const std::string domain_;
  const std::size_t max_connections_;
  const AddressCheck may_come_from_;
  const Clock* clock_;
  std::atomic<bool> proven_{false};
  DoorCounts counts_;
  ConnectionWatch watch_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AccessTable> table_;
};

}  // namespace nakadachi::socket
