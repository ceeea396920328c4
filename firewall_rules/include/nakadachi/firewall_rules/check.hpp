#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/error.hpp"
#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

enum class Severity : std::uint8_t { kNote, kWarning, kError };

/// The closed list of what a check can find.
enum class FindingKind : std::uint8_t {
  kSegmentsOverlap,
  kAddressTwice,
  kAddressOutsideSegment,
  kWalledHostWithoutMac,
  kRoleInTwoSegments,
  kFlowExpired,
  kFlowWithoutEnd,
  kFlowShadowed,
  kFlowUnused,
  kFlowWithoutReason,
  kFlowOpenToOutside,
  kNoWay,
  kNotSpecific,
  kSpecificIncomplete,
  kProtocolForbidden,
  kIpv6Wider,
  kNatLoop,
  kNatAddressTaken,
  kNatNotOnWay,
  kInvariantBroken,
  kInvariantAboutNobody,
  kNoInvariants,
  kServiceWithoutFlow,
  kLineTooSmall
};

/// One row of the closed list.
struct FindingText {
  FindingKind kind;
  std::string_view name;  ///< snake_case, as in JSON
  Severity severity;
  std::string_view english;  ///< What is wrong and what to do.
  std::string_view japanese;
};
std::span<const FindingText> finding_texts();
const FindingText& text_of(FindingKind kind);
std::string_view name_of(Severity severity);

struct Finding {
  FindingKind kind = FindingKind::kNoWay;
  std::vector<std::string> subjects;  ///< names of flows, hosts, segments …
  Line line = 0;
  std::string detail;  ///< addresses and services concerned, without words of a language

  friend bool operator==(const Finding&, const Finding&) = default;
};
/// One line: severity, name, subjects, text, detail.
std::string describe(const Finding& finding, Language language);

/// Everything that is wrong or doubtful, errors first, then by line. `today`
/// decides what has expired; without it nothing has. Invariants are asked too.
std::vector<Finding> check(const World& world, std::optional<std::chrono::year_month_day> today);

/// What this project takes the limits between bodies to be (those of LGWAN are
/// not public): nothing in clear that logs in, shares files or shows a screen.
struct ForbiddenService {
  PortRange ports;
  std::string_view name;
};
std::span<const ForbiddenService> forbidden_services();
inline constexpr std::uint32_t kMostPortsAcrossBorder = 16;

}  // namespace nakadachi::walls
