#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/network_namespace.hpp"
#include "tests/support/probe_packet.hpp"
#include "tests/support/wall_layout.hpp"

namespace nakadachi::walls::testing {

/// A layout built on the real kernel: a network namespace for each box, a bridge for each wire,
/// virtual Ethernet between them. Namespaces have no names, so two labs never meet, and all is
/// gone when the lab is dropped or its process dies.
class Lab {
 public:
  /// Whether labs can be built here: root, network namespaces, `ip` and `nft`. Errors say what
  /// is missing.
  static Result<void> possible();

  /// Builds, and waits until everything that is joined reaches each other, which it does as long
  /// as no rules are loaded. Errors: `kFileProblem` where namespaces are not permitted;
  /// `kInternal` with the words of `ip`; `kTimedOut` naming two boxes that do not meet.
  static Result<Lab> build(Layout layout);

  const Layout& layout() const noexcept { return layout_; }

  /// Loads rule sets, by name, into the boxes that have one of that name.
  /// Errors: `kInternal` with the words of `nft`.
  Result<void> load(const std::map<std::string, std::string>& rules);

  /// Calls `work` with the calling thread inside a box.
  template <class Work>
  auto inside(int box, Work work) const {
    return stations_[static_cast<std::size_t>(box)].space.inside(work);
  }

  /// A probe leaves a box through its IP stack and its rules, or, with `frame_from`, as a frame
  /// with that MAC past both. What cannot be sent has not arrived.
  struct Probe {
    int box = 0;
    ProbePacket packet;
    std::optional<Mac> frame_from;
  };
  void send(const Probe& probe);

  struct Arrival {
    int box = 0;
    Sighting sighting;
  };
  /// What has arrived since the last call, behind the rules of who got it. Returns when nothing
  /// more came for `quiet`; at once with what is there when that is zero.
  std::vector<Arrival> collect(std::chrono::milliseconds quiet);

 private:
  class Socket {
   public:
    Socket(int domain, int type, int protocol);
    Socket(Socket&& other) noexcept : handle(std::exchange(other.handle, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket();
    int handle;
  };
  struct Ear {
    Socket socket;
    int box;
    Family family;
    int protocol;
  };
  /// One box with its namespace and its mouths.
  struct Station {
    apps::NetworkNamespace space;
    std::vector<Socket> mouths = {};  ///< IPv4, IPv6, frames
    std::vector<int> devices = {};    ///< by port
  };

  explicit Lab(Layout layout, apps::NetworkNamespace switches)
      : layout_(std::move(layout)), switches_(std::move(switches)) {}
  Result<void> add_bridges();
  Result<void> add_station(const Box& box);
  Result<void> set_up(const Box& box, const Station& station) const;
  void open_sockets(int box);
  std::map<std::uint32_t, Probe> probes_of_all() const;
  Result<void> wait_until_open();
  void send_frame(const Station& station, const Box& box, const Probe& probe);
  void drain(const Ear& ear, std::vector<Arrival>& arrivals) const;

  Layout layout_;
  apps::NetworkNamespace switches_;
  std::vector<Station> stations_;
  std::vector<Ear> ears_;
};

}  // namespace nakadachi::walls::testing
