#include "apps/common/walls_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/log.hpp"
#include "nakadachi/firewall_rules/callers.hpp"
#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/storage/login.hpp"

namespace nakadachi::apps {
namespace {

using walls::Address;
using walls::AddressSet;

/// An endpoint, as far as it can be read.
struct Endpoint {
  std::optional<Address> source;  ///< of a connection, when it is named
  Address address;
  std::uint16_t port = 0;

  walls::ServiceSet service() const { return walls::service(walls::Protocol::kTcp, port, port); }
};

/// The address before the last colon, without the brackets of IPv6.
Result<Address> address_in(std::string_view text) {
  std::string_view host = text.substr(0, text.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Address::parse(host);
}

/// Errors: the detail says what is wrong with it.
Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [](std::string how) {
    return Error{.code = ErrorCode::kConfigInvalid, .detail = std::move(how)};
  };
  constexpr std::string_view kTcp = "tcp://";
  if (!text.starts_with(kTcp)) return wrong("the model knows tcp:// only");
  text.remove_prefix(kTcp.size());
  Endpoint end;
  if (const std::size_t semicolon = text.find(';'); semicolon != std::string_view::npos) {
    const auto source = address_in(text.substr(0, semicolon));
    if (!source) return wrong("the own address must be an IP address");
    end.source = *source;
    text.remove_prefix(semicolon + 1);
  }
  const auto address = address_in(text);
  if (!address) return wrong("must name one IP address, for which the model has rules");
  end.address = *address;
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) return wrong("must name one port, for which the model has rules");
  end.port = *port;
  return end;
}

std::string text_of(const AddressSet& addresses) {
  std::string text;
  for (const auto& piece : addresses.intervals()) {
    text += (text.empty() ? "" : ", ") + walls::text_of(piece);
  }
  return text.empty() ? "none" : text;
}

bool is_loopback(Address address) {
  constexpr std::uint32_t kFirst = 127U << 24U;  // 127.0.0.0/8
  constexpr std::uint32_t kLast = (128U << 24U) - 1;
  return (Address::ipv4(kFirst) <= address && address <= Address::ipv4(kLast)) ||
         address == Address{0, 1};
}

socket::AddressCheck check_of(AddressSet addresses) {
  return
      [allowed = std::make_shared<const AddressSet>(std::move(addresses))](std::string_view peer) {
        const auto address = Address::parse(peer);
        return address && allowed->contains(*address);
      };
}

}  // namespace

struct WallsPolicy::Impl {
  Impl(walls::World now_in, walls::World ever_in, std::string host_in)
      : now(std::move(now_in)), ever(std::move(ever_in)), host(std::move(host_in)) {}

  std::string against_listening(const Endpoint& end) const;
  std::string against_connecting(const Endpoint& end, const AddressSet& own) const;
  std::string near_misses(const walls::Explanation& told) const;
  std::string what_is_over(const AddressSet& from, const Endpoint& end) const;
  std::string services() const;
  bool listens(const Endpoint& end) const;

  walls::World now;
  walls::World ever;  ///< with what is over, to say so
  std::string host;   ///< without the town
  AddressSet addresses;
};

Result<WallsPolicy> WallsPolicy::make(walls::Model model, const std::string& host,
                                      std::chrono::year_month_day today) {
  NAKADACHI_TRY(walls::World now, walls::World::build(walls::in_force(model, today)));
  NAKADACHI_TRY(walls::World ever, walls::World::build(std::move(model)));
  const std::size_t at = host.find('@');
  const std::string name = host.substr(0, at);
  const int place = now.find_host(name);
  const int town = at == std::string::npos ? walls::kNobody : now.find_town(host.substr(at + 1));
  if (place == walls::kNobody || (at != std::string::npos && town == walls::kNobody)) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "walls.host",
                 .detail = fmt::format("the model has no host '{}'", host)};
  }
  const auto impl = std::make_shared<Impl>(std::move(now), std::move(ever), name);
  impl->addresses = impl->now.host_addresses(place, town);
  return WallsPolicy(impl);
}

std::string WallsPolicy::Impl::services() const {
  std::string text;
  for (const walls::Service& one : now.model().services) {
    if (one.host != host) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", one.name, walls::text_of(one.listens));
  }
  return text.empty() ? "none" : text;
}

bool WallsPolicy::Impl::listens(const Endpoint& end) const {
  const auto& all = now.model().services;
  return std::any_of(all.begin(), all.end(), [&](const walls::Service& one) {
    return one.host == host && one.listens.covers(end.service());
  });
}

/// Flows that would allow it and are over, so that nobody looks for another mistake.
std::string WallsPolicy::Impl::what_is_over(const AddressSet& from, const Endpoint& end) const {
  std::string text;
  for (const walls::Opening& opening : ever.openings()) {
    if (opening.flow == walls::kNobody || !opening.region.to.contains(end.address) ||
        !opening.region.services.covers(end.service()) || !opening.region.from.intersects(from)) {
      continue;
    }
    const walls::Flow& flow = ever.model().flows[static_cast<std::size_t>(opening.flow)];
    if (flow.valid_until && now.find_flow(flow.id) == walls::kNobody) {
      text = fmt::format("; flow {} was good until {}", flow.id, walls::text_of(*flow.valid_until));
    }
  }
  return text;
}

std::string WallsPolicy::Impl::against_listening(const Endpoint& end) const {
  if (!addresses.contains(end.address)) {
    return fmt::format("{} is no address of host {}, which has {}", end.address.text(), host,
                       text_of(addresses));
  }
  const std::string service = walls::text_of(end.service());
  if (!listens(end)) {
    return fmt::format("no service of host {} listens at {}; it has {}", host, service, services());
  }
  if (!walls::callers_of(now, end.address, end.service()).empty()) return {};
  return fmt::format("no flow leads to {} of host {}{}", service, host,
                     what_is_over(walls::all_addresses(), end));
}

std::string WallsPolicy::Impl::against_connecting(const Endpoint& end,
                                                  const AddressSet& own) const {
  if (end.source && !addresses.contains(*end.source)) {
    return fmt::format("{} is no address of host {}, which has {}", end.source->text(), host,
                       text_of(addresses));
  }
  // What stays in this machine is no matter of walls.
  if (is_loopback(end.address) && now.outside().contains(end.address)) return {};
  const AddressSet callers =
      (end.source ? AddressSet(walls::Interval<Address>{*end.source, *end.source}) : own) &
      walls::all_addresses(end.address.family());
  if (callers.empty()) {
    return fmt::format("host {} has no address of the family of {}", host, end.address.text());
  }
  for (const auto& piece : callers.intervals()) {
    for (Address from = piece.first;; from = walls::successor(from)) {
      const auto told = walls::explain(now, from, end.address, end.service());
      NAKADACHI_ASSERT(told.ok());  // of one family, and one service
      if (!told->allowed) {
        return fmt::format("no flow leads from {} to {} of {}{}{}", from.text(),
                           walls::text_of(end.service()), now.name_of_machine(told->to),
                           near_misses(*told), what_is_over(callers, end));
      }
      if (from == piece.last) break;
    }
  }
  return {};
}

std::string WallsPolicy::Impl::near_misses(const walls::Explanation& told) const {
  std::string text;
  for (const walls::Explanation::Near& one : told.near) {
    text += fmt::format("; flow {} has another {}",
                        now.model().flows[static_cast<std::size_t>(one.flow)].id,
                        one.differs == "from" ? "source"
                        : one.differs == "to" ? "goal"
                                              : "port");
  }
  return text;
}

std::vector<WallsContradiction> WallsPolicy::contradictions(std::span<const WallsEnd> ends) const {
  // Of a host with several machines, the addresses at which this one listens.
  AddressSet own;
  for (const WallsEnd& end : ends) {
    const auto parsed = parse_endpoint(end.endpoint);
    if (end.listens && parsed && impl_->addresses.contains(parsed->address)) {
      own = own | walls::Interval<Address>{parsed->address, parsed->address};
    }
  }
  std::vector<WallsContradiction> found;
  for (const WallsEnd& end : ends) {
    const auto parsed = parse_endpoint(end.endpoint);
    const AddressSet family =
        parsed ? own & walls::all_addresses(parsed->address.family()) : AddressSet();
    std::string says = !parsed       ? parsed.error().detail
                       : end.listens ? impl_->against_listening(*parsed)
                                     : impl_->against_connecting(
                                           *parsed, family.empty() ? impl_->addresses : family);
    if (!says.empty()) found.push_back({end.key, end.endpoint, std::move(says)});
  }
  return found;
}

WallsDoor WallsPolicy::door(const WallsEnd& end) const {
  const auto parsed = parse_endpoint(end.endpoint);
  NAKADACHI_ASSERT(parsed.ok());
  WallsDoor door;
  door.world_ = std::shared_ptr<const walls::World>(impl_, &impl_->now);
  door.address_ = parsed->address;
  door.service_ = parsed->service();
  door.callers_ = walls::callers_of(impl_->now, door.address_, door.service_);
  return door;
}

socket::AddressCheck WallsDoor::callers() const { return check_of(callers_); }

Result<socket::AddressCheck> WallsDoor::callers_at(const std::string& place) const {
  const auto problem = [](const char* says) {
    return Error{.code = ErrorCode::kConfigInvalid, .field = "place", .detail = says};
  };
  const auto resolved = world_->resolve(std::array{place});
  if (!resolved) return problem("the model has no such place");
  const AddressSet there = resolved->all();
  AddressSet callers = walls::seen_at(*world_, there, address_) & callers_;
  if (callers.empty()) return problem("the door cannot be reached from there");
  const auto& nats = world_->model().nats;
  const bool translated = std::any_of(nats.begin(), nats.end(), [&](const walls::Nat& nat) {
    return nat.kind == walls::Nat::Kind::kSource && callers.contains(nat.shown);
  });
  if (translated && callers.intersects(walls::callers_of(*world_, address_, service_, there))) {
    return problem("others come to the door with the same address, behind a translation");
  }
  return check_of(std::move(callers));
}

namespace {

std::chrono::year_month_day today_in_japan() {
  return std::chrono::sys_days(std::chrono::days(Day::of(SystemClock().now()).number));
}

Result<std::optional<WallsPolicy>> load(const WallsConfig& config, std::span<const WallsEnd> ends) {
  NAKADACHI_TRY(walls::Model model, load_walls(config.model));
  auto policy = WallsPolicy::make(std::move(model), config.host, today_in_japan());
  if (!policy) {
    Error problem = policy.error();
    problem.detail = config.model + ": " + problem.detail;
    return problem;
  }
  std::string text;
  for (const WallsContradiction& one : policy->contradictions(ends)) {
    text += fmt::format("\n  {} = {}: {}", one.key, one.endpoint, one.says);
  }
  if (text.empty()) return std::optional(*std::move(policy));
  return Error{
      .code = ErrorCode::kConfigInvalid,
      .field = "walls",
      .detail = fmt::format("{} speaks against this configuration:{}", config.model, text)};
}

/// Said once at the start: nothing but this configuration speaks for where it listens.
std::optional<WallsPolicy> without_walls(bool is_missed) {
  if (is_missed) log::write(log::Level::kWarning, "walls_not_given", {});
  return {};
}

Result<void> add_databases(const std::string& key, const std::string& login,
                           std::vector<WallsEnd>& ends) {
  NAKADACHI_TRY(const auto servers, storage::servers_of(login));
  for (const char* const name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"}) {
    if (std::getenv(name) == nullptr) continue;
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "walls",
                 .detail = fmt::format("{} is set in the environment; say it in {}", name, key)};
  }
  for (const std::string& server : servers) {
    ends.push_back({.key = key, .endpoint = "tcp://" + server});
  }
  return {};
}

}  // namespace

WallsEnd oltp_end(const NodeConfig& config) {
  return {.key = "oltp.endpoint", .endpoint = config.oltp_endpoint, .listens = true};
}

WallsEnd admin_end(const NodeConfig& config) {
  return {.key = "admin.endpoint", .endpoint = config.admin_endpoint, .listens = true};
}

WallsEnd nodes_end(const GatewayConfig& config) {
  return {.key = "nodes.endpoint", .endpoint = config.nodes_endpoint, .listens = true};
}

Result<std::optional<WallsPolicy>> load_policy(const NodeConfig& config) {
  if (config.walls.model.empty()) return without_walls(config.profile != "demo");
  std::vector<WallsEnd> ends = {oltp_end(config),
                                {.key = "gateway.endpoint", .endpoint = config.gateway_endpoint}};
  if (!config.admin_endpoint.empty()) ends.push_back(admin_end(config));
  NAKADACHI_CHECK(add_databases("database.train", config.train_login, ends));
  NAKADACHI_CHECK(add_databases("database.node", config.node_login, ends));
  return load(config.walls, ends);
}

Result<std::optional<WallsPolicy>> load_policy(const GatewayConfig& config) {
  if (config.walls.model.empty()) return without_walls(true);
  const std::vector<WallsEnd> ends = {
      nodes_end(config), {.key = "national.endpoint", .endpoint = config.national_endpoint}};
  return load(config.walls, ends);
}

}  // namespace nakadachi::apps
