#include "nakadachi/firewall_rules/draw.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "line_writer.hpp"
#include "nakadachi/firewall_rules/tables.hpp"
#include "picture.hpp"
#include "places.hpp"

namespace nakadachi::walls {
namespace {

constexpr std::array<std::string_view, 8> kColours = {"#1f5fa8", "#2e7d55", "#b5421a", "#7a3fa0",
                                                      "#8a6d00", "#00798c", "#a8326e", "#4a5568"};
constexpr int kLegendRow = 20;
constexpr std::string_view kFootnote =
    "矢印は接続を開始する側から。図にない通信は、内部開放のセグメントの内側を除き、すべて遮断。 "
    "Arrows start at who opens; what is not drawn is closed, but within open segments (内部開放).";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string_view fill_of(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::kBusiness:
      return "#e8f3ec";
    case SegmentKind::kInternal:
      return "#eef2fa";
    case SegmentKind::kInternet:
      return "#fbeeee";
    case SegmentKind::kNational:
      return "#fdf3e3";
    default:
      return "#f5f7fa";
  }
}

constexpr std::string_view kHead =
    R"(  <defs>
    <pattern id="bricks" width="16" height="12" patternUnits="userSpaceOnUse">
      <rect width="16" height="12" fill="#f3d9cb"/>
      <path d="M0 0H16M0 6H16M4 0V6M12 6V12" stroke="#d9a68a" stroke-width="1" fill="none"/>
    </pattern>
)";

class Drawing : private LineWriter {
 public:
  Drawing(const World& world, Today today) : world_(world), today_(today), picture_(world, today) {}

  std::string write() {
    const int flows = static_cast<int>(world_.model().flows.size());
    const int height = picture_.bottom() + 40 + (flows + 2) * kLegendRow;
    const int width = std::max(picture_.width(), legend_width());
    line(
        R"x(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', sans-serif" font-size="13">)x",
        width, height);
    text_ += kHead;
    for (std::size_t i = 0; i < kColours.size(); ++i) {
      line(
          R"x(    <marker id="tip{}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{}"/></marker>)x",
          i, kColours[i]);
    }
    line("  </defs>");
    line(R"(  <rect width="{}" height="{}" fill="#ffffff"/>)", width, height);
    const Text& title = world_.model().title;
    line(R"x(  <text x="24" y="30" font-size="17" font-weight="bold">{}</text>)x",
         escaped(shown_name(title, world_.model().name)));
    line(R"x(  <text x="24" y="48" font-size="12" fill="#556270">{}</text>)x",
         title.ja.empty() ? "" : escaped(title.en));
    for (const Picture::SegmentBox& segment : picture_.segments()) segment_box(segment);
    for (const Picture::WallBar& bar : picture_.bars()) wall_bar(bar);
    for (const Picture::Arrow& arrow : picture_.arrows()) arrow_line(arrow);
    for (const Picture::Arrow& arrow : picture_.arrows()) arrow_label(arrow);
    legend();
    text_ += "</svg>\n";
    return std::move(text_);
  }

 private:
  static std::string_view colour_of(int flow) { return kColours[index(flow) % kColours.size()]; }

  void rectangle(const Picture::Box& box, int shift, std::string_view style) {
    line(R"(  <rect x="{}" y="{}" width="{}" height="{}" rx="8" {}/>)", box.x + shift,
         box.y + shift, box.width, box.height, style);
  }

  void segment_box(const Picture::SegmentBox& segment) {
    const Model& model = world_.model();
    const bool outside = segment.segment == world_.outside_place();
    std::string heading = "外部（インターネット）";
    std::string subheading = "outside: the world outside";
    std::string_view fill = "#ffffff";
    bool per_town = false;
    bool walled = false;
    if (!outside) {
      const Segment& one = model.segments[index(segment.segment)];
      heading = heading_of(model, one);
      subheading = subheading_of(one);
      fill = fill_of(one.kind);
      per_town = one.per_town;
      walled = !one.open_inside;
    }
    const std::string style = fmt::format(R"(fill="{}" stroke="#8896a5"{})", fill,
                                          outside ? R"( stroke-dasharray="5 4")" : "");
    if (per_town) {
      rectangle(segment.box, 8, style);
      rectangle(segment.box, 4, style);
    }
    rectangle(segment.box, 0, style);
    line(R"(  <text x="{}" y="{}" font-weight="bold">{}</text>)", segment.box.x + 12,
         segment.box.y + 19, escaped(heading));
    line(R"(  <text x="{}" y="{}" font-size="11" fill="#556270">{}</text>)", segment.box.x + 12,
         segment.box.y + 35, escaped(subheading));
    for (const auto& [host, box] : segment.hosts) host_box(host, box, walled);
  }

  void host_box(int place, const Picture::Box& box, bool walled) {
    const Host& host = world_.model().hosts[index(place)];
    // A host with rules of its own has its own bricks around it.
    rectangle(box, 0,
              walled ? R"(fill="#ffffff" stroke="#c98560" stroke-width="3")"
                     : R"(fill="#ffffff" stroke="#34495e" stroke-width="1.2")");
    const int middle = box.y + box.height / 2;
    line(R"(  <text x="{}" y="{}">{}</text>)", box.x + 10, middle - 3,
         escaped(shown_name(host.title, host.name)));
    line(R"(  <text x="{}" y="{}" font-size="11" fill="#556270">{}</text>)", box.x + 10,
         middle + 13, escaped(host.name));
  }

  void wall_bar(const Picture::WallBar& bar) {
    line(R"x(  <rect x="{}" y="{}" width="{}" height="{}" fill="url(#bricks)" stroke="#b5721a"/>)x",
         bar.x, bar.top, bar.width, bar.bottom - bar.top);
    for (const Picture::Arrow& arrow : picture_.arrows()) gaps_for(arrow, bar);
    const Wall& wall = world_.model().walls[index(bar.wall)];
    line(R"x(  <path d="M{0} {1}V{2}" stroke="#b5721a" stroke-dasharray="2 3"/>)x",
         bar.x + bar.width / 2, bar.name_y + 3, bar.top);
    line(R"x(  <text x="{}" y="{}" font-size="11" fill="#8a4b14" text-anchor="middle">{}</text>)x",
         bar.name_x, bar.name_y, escaped(shown_name(wall.title, wall.name)));
  }

  /// The bricks are open where an arrow runs by that does not pass the wall.
  void gaps_for(const Picture::Arrow& arrow, const Picture::WallBar& bar) {
    std::set<int> heights;
    for (const auto& [x, y] : arrow.points) heights.insert(y);
    for (const int y : heights) {
      if (!picture_.passes_by(arrow, bar, y)) continue;
      line(R"x(  <rect x="{}" y="{}" width="{}" height="12" fill="#ffffff"/>)x", bar.x - 1, y - 6,
           bar.width + 2);
    }
  }

  void arrow_line(const Picture::Arrow& arrow) {
    std::string path;
    for (const auto& [x, y] : arrow.points) {
      path += fmt::format("{}{} {}", path.empty() ? "M" : "L", x, y);
    }
    line(
        R"x(  <path d="{}" fill="none" stroke="{}" stroke-width="1.8" marker-end="url(#tip{})"/>)x",
        path, colour_of(arrow.flow), index(arrow.flow) % kColours.size());
  }

  void arrow_label(const Picture::Arrow& arrow) {
    const auto& [x, y] = arrow.points.front();
    const bool right = arrow.points[1].first > x;
    line(
        R"x(  <text x="{}" y="{}" font-size="11" fill="{}" text-anchor="{}" stroke="#ffffff" stroke-width="3" paint-order="stroke">{}</text>)x",
        right ? x + 26 : x - 26, y - 4, colour_of(arrow.flow), right ? "start" : "end",
        escaped(arrow.label));
  }

  std::string legend_line(int place) const {
    const Flow& flow = world_.model().flows[index(place)];
    std::string text = fmt::format("{}: {} → {}", label_of(world_, place),
                                   fmt::join(flow.from, ", "), fmt::join(flow.to, ", "));
    const std::string& why = flow.why.ja.empty() ? flow.why.en : flow.why.ja;
    if (!why.empty()) text += "  " + why;
    if (flow.valid_until) {
      text += fmt::format("（{}{}）", text_of(*flow.valid_until),
                          is_over(flow, today_) ? "で終了、遮断" : "まで");
    }
    const std::vector<std::string> ways = ways_of_arrows(place);
    if (!ways.empty()) text += fmt::format("  {}", fmt::join(ways, " "));
    return text;
  }

  /// The walls on each way that an arrow of the flow takes, each way once.
  std::vector<std::string> ways_of_arrows(int flow) const {
    std::vector<std::string> ways;
    for (const Picture::Arrow& arrow : picture_.arrows()) {
      if (arrow.flow != flow) continue;
      std::vector<std::string_view> names;
      for (const Picture::Lane& lane : arrow.lanes) {
        if (lane.wall != kNobody) names.emplace_back(world_.model().walls[index(lane.wall)].name);
      }
      std::string way = fmt::format("[{}]", fmt::join(names, ", "));
      if (names.empty() || std::ranges::find(ways, way) != ways.end()) continue;
      ways.push_back(std::move(way));
    }
    return ways;
  }

  int legend_width() const {
    const Text& title = world_.model().title;
    int width = 48 + std::max({width_of(shown_name(title, world_.model().name), 17),
                               width_of(title.en, 12), width_of(kFootnote, 12)});
    for (int flow = 0; flow < static_cast<int>(world_.model().flows.size()); ++flow) {
      width = std::max(width, 80 + width_of(legend_line(flow), 12));
    }
    return width;
  }

  void legend() {
    int y = picture_.bottom() + 30;
    line(R"x(  <text x="24" y="{}" font-size="12" font-weight="bold">{}</text>)x", y, kFootnote);
    for (int flow = 0; flow < static_cast<int>(world_.model().flows.size()); ++flow) {
      y += kLegendRow;
      const bool over = is_over(world_.model().flows[index(flow)], today_);
      line(
          R"x(  <path d="M24 {0}H48" stroke="{1}" stroke-width="2.5"{4}/><text x="56" y="{2}" font-size="12">{3}</text>)x",
          y - 4, colour_of(flow), y, escaped(legend_line(flow)),
          over ? R"( stroke-dasharray="4 3")" : "");
    }
  }

  const World& world_;
  Today today_;
  Picture picture_;
};

}  // namespace

std::string draw(const World& world, Today today) { return Drawing(world, today).write(); }

}  // namespace nakadachi::walls
