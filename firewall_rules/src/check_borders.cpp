#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checks.hpp"

namespace nakadachi::walls {
namespace {

constexpr std::array kForbidden = {
    ForbiddenService{{Protocol::kTcp, 20, 21}, "ftp"},
    ForbiddenService{{Protocol::kTcp, 23, 23}, "telnet"},
    ForbiddenService{{Protocol::kTcp, 79, 79}, "finger"},
    ForbiddenService{{Protocol::kTcp, 110, 111}, "pop3, portmapper"},
    ForbiddenService{{Protocol::kTcp, 135, 139}, "msrpc, netbios"},
    ForbiddenService{{Protocol::kTcp, 143, 143}, "imap"},
    ForbiddenService{{Protocol::kTcp, 445, 445}, "smb"},
    ForbiddenService{{Protocol::kTcp, 512, 514}, "rexec, rlogin, rsh"},
    ForbiddenService{{Protocol::kTcp, 2049, 2049}, "nfs"},
    ForbiddenService{{Protocol::kTcp, 3389, 3389}, "rdp"},
    ForbiddenService{{Protocol::kTcp, 5900, 5909}, "vnc"},
    ForbiddenService{{Protocol::kTcp, 6000, 6063}, "x11"},
    ForbiddenService{{Protocol::kUdp, 0, 52}, "udp other than dns and ntp"},
    ForbiddenService{{Protocol::kUdp, 54, 122}, "udp other than dns and ntp"},
    ForbiddenService{{Protocol::kUdp, 124, 65535}, "udp other than dns and ntp"},
};

/// Segments of a body's own: what leaves them goes to another body.
bool is_of_body(const World& world, int segment) {
  if (segment == world.outside_place()) return true;
  switch (world.model().segments[static_cast<std::size_t>(segment)].kind) {
    case SegmentKind::kBusiness:
    case SegmentKind::kInternal:
    case SegmentKind::kNational:
      return true;
    default:
      return false;
  }
}

bool is_business(const World& world, int segment) {
  return segment != world.outside_place() &&
         world.model().segments[static_cast<std::size_t>(segment)].kind == SegmentKind::kBusiness;
}

ServiceSet services_of(const World& world, int flow) {
  ServiceSet services;
  for (const Opening& opening : world.openings()) {
    if (opening.flow == flow) services = services | opening.region.services;
  }
  return services;
}

/// What is not limited to one place and one port, as text; empty when all is.
std::string missing_of_specific(const World& world, int place) {
  const Flow& flow = world.model().flows[static_cast<std::size_t>(place)];
  std::string missing;
  const auto add = [&](std::string_view what) {
    missing += (missing.empty() ? "" : ", ") + std::string(what);
  };
  const auto host_of = [&](const std::string& selector) {
    return world.find_host(std::string_view(selector).substr(0, selector.find_first_of(":@")));
  };
  const auto is_single = [&](const std::string& selector) {
    const auto address = Address::parse(selector);
    return host_of(selector) != kNobody || address.ok();
  };
  for (const auto* ends : {&flow.from, &flow.to}) {
    for (const std::string& selector : *ends) {
      if (!is_single(selector)) add("ip: " + selector);
    }
  }
  for (const std::string& selector : flow.from) {
    const int host = host_of(selector);
    if (host == kNobody) {
      add("mac: " + selector);
      continue;
    }
    // Behind routers no MAC is seen: a town's own layout holds those of its hosts.
    const Host& source = world.model().hosts[static_cast<std::size_t>(host)];
    const Segment& segment =
        world.model().segments[static_cast<std::size_t>(world.find_segment(source.segment))];
    if (!segment.per_town && !source.mac) add("mac: " + selector);
  }
  for (const PortRange& range : port_ranges(services_of(world, place))) {
    if (range.first != range.last)
      add("port: " + text_of(service(range.protocol, range.first, range.last)));
  }
  if (flow.application.empty()) add("application");
  return missing;
}

void check_protocols(const World& world, const Flow& flow, int place,
                     std::vector<Finding>& findings) {
  const ServiceSet services = services_of(world, place);
  std::string detail;
  for (const ForbiddenService& forbidden : kForbidden) {
    const ServiceSet ports =
        service(forbidden.ports.protocol, forbidden.ports.first, forbidden.ports.last);
    if (!services.intersects(ports)) continue;
    detail = fmt::format("{} ({})", text_of(services & ports), forbidden.name);
    break;
  }
  std::uint32_t ports = 0;
  for (const PortRange& range : port_ranges(services)) ports += range.last - range.first + 1U;
  if (detail.empty() && ports > kMostPortsAcrossBorder) {
    detail = fmt::format("{} > {}", text_of(services), kMostPortsAcrossBorder);
  }
  if (detail.empty()) return;
  findings.push_back({.kind = FindingKind::kProtocolForbidden,
                      .subjects = {flow.id},
                      .line = flow.line,
                      .detail = detail});
}

std::string_view segment_name(const World& world, int segment) {
  return segment == world.outside_place()
             ? "outside"
             : std::string_view(world.model().segments[static_cast<std::size_t>(segment)].name);
}

}  // namespace

std::span<const ForbiddenService> forbidden_services() { return kForbidden; }

void check_borders(const World& world, std::vector<Finding>& findings) {
  const auto& flows = world.model().flows;
  for (int place = 0; place < static_cast<int>(flows.size()); ++place) {
    const Flow& flow = flows[static_cast<std::size_t>(place)];
    bool between_bodies = false;
    bool leaves_business = false;
    for (const auto& [from, to] : borders_crossed(world, place)) {
      between_bodies = between_bodies || is_of_body(world, from) || is_of_body(world, to);
      leaves_business = leaves_business || is_business(world, from) || is_business(world, to);
      if (!world.way(from, to).empty()) continue;
      findings.push_back(
          {.kind = FindingKind::kNoWay,
           .subjects = {flow.id},
           .line = flow.line,
           .detail = fmt::format("{} -> {}", segment_name(world, from), segment_name(world, to))});
    }
    if (between_bodies) check_protocols(world, flow, place, findings);
    if (leaves_business && !flow.specific) {
      findings.push_back(
          {.kind = FindingKind::kNotSpecific, .subjects = {flow.id}, .line = flow.line});
    }
    if (!flow.specific) continue;
    const std::string missing = missing_of_specific(world, place);
    if (missing.empty()) continue;
    findings.push_back({.kind = FindingKind::kSpecificIncomplete,
                        .subjects = {flow.id},
                        .line = flow.line,
                        .detail = missing});
  }
}

void check_lines(const World& world, std::vector<Finding>& findings) {
  const Model& model = world.model();
  for (const Segment& segment : model.segments) {
    const auto line =
        std::find_if(model.line_classes.begin(), model.line_classes.end(),
                     [&](const LineClass& one) { return one.name == segment.line_class; });
    if (line == model.line_classes.end() || segment.users == 0) continue;
    const std::uint64_t share_kbps = std::max<std::uint64_t>(line->kbps / segment.users, 1);
    const int place = world.find_segment(segment.name);
    for (int flow = 0; flow < static_cast<int>(model.flows.size()); ++flow) {
      const std::string& wanted = model.flows[static_cast<std::size_t>(flow)].traffic;
      const auto kind = std::find_if(model.traffic_kinds.begin(), model.traffic_kinds.end(),
                                     [&](const TrafficKind& one) { return one.name == wanted; });
      if (kind == model.traffic_kinds.end()) continue;
      const auto crossed = borders_crossed(world, flow);
      const bool uses_line = std::any_of(crossed.begin(), crossed.end(), [&](const auto& border) {
        return border.first == place || border.second == place;
      });
      const std::uint64_t takes_ms = std::uint64_t{kind->bytes} * 8 / share_kbps;
      const bool too_slow = kind->within_ms > 0 && takes_ms > kind->within_ms;
      if (!uses_line || (!too_slow && kind->kbps_per_user <= share_kbps)) continue;
      findings.push_back(
          {.kind = FindingKind::kLineTooSmall,
           .subjects = {segment.name, model.flows[static_cast<std::size_t>(flow)].id},
           .line = segment.line,
           .detail = fmt::format("{} kbps / {} = {} kbps < {} kbps; {} bytes: {} ms ({} ms)",
                                 line->kbps, segment.users, share_kbps, kind->kbps_per_user,
                                 kind->bytes, takes_ms, kind->within_ms)});
    }
  }
}

}  // namespace nakadachi::walls
