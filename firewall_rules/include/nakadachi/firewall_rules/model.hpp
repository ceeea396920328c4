#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/address.hpp"

/// A network as its officer writes it down: names, not yet resolved. `World`
/// gives the names their addresses. Everything not allowed here is closed.
namespace nakadachi::walls {

/// Where in the written file something stands; 0 when it was not read from one.
using Line = std::int32_t;

/// The same for readers of English and of Japanese.
struct Text {
  std::string en;
  std::string ja;
  friend bool operator==(const Text&, const Text&) = default;
};

enum class SegmentKind : std::uint8_t {
  kBusiness,  ///< 基幹系 LAN: business systems of one town
  kInternal,  ///< 情報系 LAN: the office network of one town
  kInternet,  ///< what the internet can be reached from
  kCore,      ///< nodes (中間サーバ)
  kDatabase,
  kLink,      ///< the demarcation zone, 責任分界点
  kNational,  ///< interface system and core system
  kOps,
  kBackup
};

/// One network, or one for each town.
struct Segment {
  std::string name;
  SegmentKind kind = SegmentKind::kBusiness;
  Text title;
  /// `prefixes` are pools then (one a family) and the town at place n of the
  /// list of towns has the n-th network of `ipv4_each` or `ipv6_each` bits.
  bool per_town = false;
  std::vector<Prefix> prefixes;
  unsigned ipv4_each = 24;
  unsigned ipv6_each = 64;
  /// Nothing stands between machines of the segment. Otherwise each of its
  /// machines has its own rule set.
  bool open_inside = true;
  std::string line_class;   ///< of the line that leads there, see `LineClass`; or empty
  std::uint32_t users = 0;  ///< at the same time, on that line (in each town)
  Line line = 0;
};

struct Host {
  std::string name;
  std::string segment;
  Text title;
  std::vector<Address> addresses;
  /// Instead of addresses: this far into each network of the segment.
  std::optional<std::uint32_t> offset;
  std::optional<Mac> mac;
  std::string role;  ///< names the rule set; the host's name when empty
  Line line = 0;
};

struct Service {
  std::string host;
  std::string name;
  ServiceSet listens;
  std::string process;
  Line line = 0;
};

/// A firewall box: forwards between the segments it joins, what a flow allows.
struct Wall {
  std::string name;
  Text title;
  std::vector<std::string> joins;  ///< segments; `outside` for the internet
  Line line = 0;
};

enum class LogLevel : std::uint8_t { kNone, kDenied, kAll };

/// How much one town (a source where there are no towns) may open. 0: no limit.
struct Limit {
  std::uint32_t new_per_second = 0;
  std::uint32_t connections = 0;
  friend auto operator<=>(const Limit&, const Limit&) = default;
};

/// One opening: who at `from` may open connections to whom at `to`. Replies
/// belong to the connection and need no flow of their own.
struct Flow {
  std::string id;
  std::vector<std::string> from;  ///< selectors, see `World::resolve`
  std::vector<std::string> to;    ///< selectors, or `host:service`
  ServiceSet services;            ///< in addition to those named in `to`
  std::string application;        ///< application protocol
  Text why;
  std::string owner;  ///< the section that answers for it
  std::optional<std::chrono::year_month_day> valid_until;
  /// 特定通信: single machines with MAC, one port, a named application protocol.
  bool specific = false;
  /// Between ends that every town has: from each town to each, not only its own.
  bool across_towns = false;
  bool ipv6_alone = false;  ///< open by IPv6 and, on purpose, closed or narrower by IPv4
  Limit limit;
  std::optional<LogLevel> log;  ///< the model's otherwise
  std::string traffic;          ///< see `TrafficKind`; or empty
  Line line = 0;
};

/// Another limit for some towns.
struct LimitFor {
  std::string flow;
  std::vector<std::string> towns;  ///< codes
  Limit limit;
  Line line = 0;
};

/// Translation at a wall. Flows name the true ends; `kDestination` lets them
/// name the shown address too.
struct Nat {
  enum class Kind : std::uint8_t {
    kDestination,  ///< connections to `shown`:`shown_service` go to `hidden`:`hidden_service`
    kSource        ///< connections from `hidden_range` to segment `towards` come from `shown`
  };
  std::string id;
  Kind kind = Kind::kDestination;
  std::string wall;
  Address shown;
  ServiceSet shown_service;
  Address hidden;
  ServiceSet hidden_service;
  std::optional<Interval<Address>> hidden_range;
  std::string towards;
  Line line = 0;
};

/// What must hold whatever flows are added; `prove` answers, `check` insists.
struct Invariant {
  enum class Kind : std::uint8_t {
    kNoOpening,  ///< no flow leads from `from` to `to`
    kNoPath,     ///< nor any chain of flows, taking over machine after machine
    kTownsApart  ///< no chain leads from `from` of one town to `to` of another
  };
  std::string id;
  Kind kind = Kind::kNoPath;
  std::vector<std::string> from;
  std::vector<std::string> except;  ///< taken away from `from`
  std::vector<std::string> to;      ///< or `elsewhere`: wherever `from` is not
  ServiceSet services = all_services();
  Text why;
  Line line = 0;
};

struct Town {
  std::string code;  ///< 団体コード
  std::string name;
};

/// A class of line and what of it can be counted on.
struct LineClass {
  std::string name;
  std::uint32_t kbps = 0;
  Text title;
};

/// What one user's traffic of a kind needs.
struct TrafficKind {
  std::string name;
  std::uint32_t bytes = 0;          ///< of one screen, message or file
  std::uint32_t kbps_per_user = 0;  ///< while working
  std::uint32_t within_ms = 0;      ///< one of them is to arrive in this time; 0: no demand
  Text title;
};

struct Model {
  std::string name;
  Text title;
  Text protects;  ///< what this layout protects
  Text leaves;    ///< and what it does not
  LogLevel log = LogLevel::kDenied;
  std::vector<Town> towns;  ///< the place of a town gives its networks: append only
  std::vector<Segment> segments;
  std::vector<Host> hosts;
  std::vector<Service> services;
  std::vector<Wall> walls;
  std::vector<Flow> flows;
  std::vector<LimitFor> limits;
  std::vector<Nat> nats;
  std::vector<Invariant> invariants;
  std::vector<LineClass> line_classes;
  std::vector<TrafficKind> traffic_kinds;
};

/// Whether the flow's last day lies before `today`; without a day nothing is over.
bool is_over(const Flow& flow, std::optional<std::chrono::year_month_day> today);

std::string_view name_of(SegmentKind kind);
std::optional<SegmentKind> segment_kind_of(std::string_view name);
/// `2027-03-31`
std::string text_of(const std::chrono::year_month_day& date);

}  // namespace nakadachi::walls
