#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/firewall_rules/check.hpp"

namespace nakadachi::walls {
namespace {

using enum FindingKind;
using enum Severity;

constexpr std::array kTexts = {
    FindingText{kSegmentsOverlap, "segments_overlap", kError,
                "Two segments have addresses in common; give each its own.",
                "セグメントのアドレスが重複しています。別々の範囲を割り当ててください。"},
    FindingText{kAddressTwice, "address_twice", kError, "Two hosts have the same address or MAC.",
                "同じIPアドレスまたはMACアドレスを複数の機器が使っています。"},
    FindingText{kAddressOutsideSegment, "address_outside_segment", kError,
                "The host's address lies outside its segment.",
                "機器のアドレスが所属セグメントの範囲外です。"},
    FindingText{kWalledHostWithoutMac, "walled_host_without_mac", kWarning,
                "It opens connections, and a neighbour could do so with its address; name its MAC, "
                "and each machine as a host of its own.",
                "接続を開始する機器にMACアドレスの記載がなく、同一セグメントの機器がアドレスを詐称"
                "できます。"
                "機器ごとに分けてMACアドレスを記載してください。"},
    FindingText{kRoleInTwoSegments, "role_in_two_segments", kError,
                "Hosts of one role stand in different segments, so their common rules would drop "
                "allowed packets as forged; give the hosts of each segment a role of their own.",
                "同じ役割の機器が異なるセグメントにあり、共通の規則では許可された通信が詐称として"
                "破棄されます。セグメントごとに別の役割を指定してください。"},
    FindingText{kFlowExpired, "flow_expired", kError,
                "The flow's date is over; remove it or renew it.",
                "通信許可の期限が過ぎています。削除するか更新してください。"},
    FindingText{kFlowWithoutEnd, "flow_without_end", kError,
                "The flow opens nothing: its ends have no address family in common, or no address.",
                "両端に共通のIP版またはアドレスがなく、何も許可していません。"},
    FindingText{kFlowShadowed, "flow_shadowed", kWarning,
                "Other flows already allow all of it; remove one of them.",
                "他の許可に完全に含まれています。どちらかを削除してください。"},
    FindingText{
        kFlowUnused, "flow_unused", kWarning,
        "Nobody listens at its end; declare the service or remove the flow.",
        "接続先に該当するサービスがありません。サービスを記載するか許可を削除してください。"},
    FindingText{kFlowWithoutReason, "flow_without_reason", kWarning,
                "Say why it is open and which section answers for it.",
                "許可の理由と所管課を記載してください。"},
    FindingText{kFlowOpenToOutside, "flow_open_to_outside", kWarning,
                "Anyone outside may use it; name who needs it.",
                "外部の誰でも利用できます。必要な相手に限定してください。"},
    FindingText{
        kNoWay, "no_way", kError,
        "No wall joins the two segments; add the wall or remove the flow.",
        "両セグメントを結ぶファイアウォールがありません。追加するか許可を削除してください。"},
    FindingText{kNotSpecific, "not_specific", kError,
                "It crosses the border of a business LAN and is not marked `specific`.",
                "基幹系の境界を越える通信ですが、特定通信（specific）とされていません。"},
    FindingText{
        kSpecificIncomplete, "specific_incomplete", kError,
        "A specific flow names single hosts with MAC, one port and an application protocol.",
        "特定通信には、個別の機器（MACアドレス付き）、単一ポート、通信プロトコルの記載が必要です"
        "。"},
    FindingText{kProtocolForbidden, "protocol_forbidden", kError,
                "Between bodies this protocol is not allowed.",
                "団体間ではこのプロトコルは認められません。"},
    FindingText{
        kIpv6Wider, "ipv6_wider", kError,
        "By IPv6 more is open than by IPv4, between the same hosts or to a wider network; where "
        "that is meant, write `ipv6_alone = true`.",
        "IPv4では閉じている通信が、またはIPv4より広い範囲が、IPv6で開いています。"
        "意図したものであれば ipv6_alone = true と記載してください。"},
    FindingText{kNatLoop, "nat_loop", kError,
                "The translation leads to another or in a circle; name the true end.",
                "アドレス変換が別の変換に続くか循環しています。最終のアドレスを記載してください。"},
    FindingText{kNatAddressTaken, "nat_address_taken", kError,
                "The address shown by the translation belongs to a host or is shown twice.",
                "変換後のアドレスが機器のアドレスまたは他の変換と重複しています。"},
    FindingText{kNatNotOnWay, "nat_not_on_way", kWarning,
                "The translation's wall is on no way to its end.",
                "アドレス変換を行うファイアウォールが通信経路上にありません。"},
    FindingText{kInvariantBroken, "invariant_broken", kError,
                "What must never be possible is possible; the way stands behind.",
                "禁止されるべき経路が存在します。経路は次のとおりです。"},
    FindingText{kInvariantAboutNobody, "invariant_about_nobody", kWarning,
                "The invariant speaks of nobody, so it proves nothing.",
                "対象が空のため、この不変条件は何も証明していません。"},
    FindingText{kNoInvariants, "no_invariants", kWarning,
                "The model states no invariant; see `firewall presets` for the usual ones.",
                "不変条件がありません。`firewall presets` の例を参照してください。"},
    FindingText{kServiceWithoutFlow, "service_without_flow", kNote,
                "No flow leads to this service.", "このサービスへの許可がありません。"},
    FindingText{kLineTooSmall, "line_too_small", kWarning,
                "With all users at work the line is too slow for this traffic.",
                "全利用者の同時利用時に、回線の帯域がこの通信に不足します。"},
};

}  // namespace

std::span<const FindingText> finding_texts() { return kTexts; }

const FindingText& text_of(FindingKind kind) {
  const auto* const found = std::find_if(
      kTexts.begin(), kTexts.end(), [&](const FindingText& text) { return text.kind == kind; });
  NAKADACHI_ASSERT(found != kTexts.end());
  return *found;
}

std::string_view name_of(Severity severity) {
  switch (severity) {
    case kError:
      return "error";
    case kWarning:
      return "warning";
    case kNote:
      break;
  }
  return "note";
}

std::string describe(const Finding& finding, Language language) {
  const FindingText& text = text_of(finding.kind);
  std::string line = fmt::format("{}: {}", name_of(text.severity), text.name);
  if (finding.line > 0) line += fmt::format(" (line {})", finding.line);
  line += fmt::format(" {}: {}", fmt::join(finding.subjects, ", "),
                      language == Language::kJapanese ? text.japanese : text.english);
  if (!finding.detail.empty()) line += " " + finding.detail;
  return line;
}

}  // namespace nakadachi::walls
