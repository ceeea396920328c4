#include "picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "places.hpp"

namespace nakadachi::walls {
namespace {

constexpr int kTop = 76;
constexpr int kLeftMost = 8;
constexpr int kWallNameRow = 15;
constexpr int kMargin = 24;
constexpr int kLeastHostWidth = 170;
constexpr int kPadding = 14;
constexpr int kHeader = 44;
constexpr int kBetweenSegments = 26;
constexpr int kEndDistance = 24;
constexpr int kLaneDistance = 14;
constexpr int kGapMargin = 26;
constexpr int kLabelSize = 11;
constexpr int kStep = 7;
constexpr int kWallOverhang = 16;

/// From top to bottom within a column: from the world to what is guarded.
int rank_of(const World& world, int segment) {
  if (segment == world.outside_place()) return 0;
  switch (world.model().segments[index(segment)].kind) {
    case SegmentKind::kInternet:
    case SegmentKind::kOps:
      return 1;
    case SegmentKind::kInternal:
    case SegmentKind::kCore:
      return 2;
    default:
      return 3;
  }
}

/// From left to right: the towns, the centre, the link, the nation.
int column_of(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::kInternet:
    case SegmentKind::kInternal:
    case SegmentKind::kBusiness:
      return 0;
    case SegmentKind::kOps:
    case SegmentKind::kCore:
    case SegmentKind::kDatabase:
    case SegmentKind::kBackup:
      return 1;
    case SegmentKind::kLink:
      return 2;
    case SegmentKind::kNational:
      break;
  }
  return 3;
}

}  // namespace

int width_of(std::string_view text, int size) {
  int halves = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) halves += 1;
    if (byte >= 0xc0) halves += byte >= 0xe0 ? 2 : 1;
  }
  return halves * size * 54 / 100;
}

std::string label_of(const World& world, const Connection& connection, int flow) {
  const std::string narrowing = narrowing_of(world, connection);
  return fmt::format("{} {}{}", world.model().flows[index(flow)].id, text_of(connection.services),
                     narrowing.empty() ? "" : fmt::format("（{}）", narrowing));
}

std::string label_of(const World& world, int flow) {
  ServiceSet services;
  for (const Opening& opening : world.openings()) {
    if (opening.flow == flow) services = services | opening.region.services;
  }
  return world.model().flows[index(flow)].id + " " + text_of(services);
}

std::string_view shown_name(const Text& title, std::string_view name) {
  if (!title.ja.empty()) return title.ja;
  return title.en.empty() ? name : std::string_view(title.en);
}

std::string heading_of(const Model& model, const Segment& segment) {
  std::string heading(shown_name(segment.title, segment.name));
  if (segment.per_town) heading += fmt::format(" × {}団体", model.towns.size());
  if (segment.open_inside) heading += "（内部開放）";
  return heading;
}

std::string subheading_of(const Segment& segment) {
  return segment.name + (segment.title.en.empty() ? "" : ": " + segment.title.en);
}

Picture::Picture(const World& world, Today today)
    : world_(world), today_(today), top_(kTop), bottom_(kTop) {
  make_boxes();
  set_widths();
  make_arrows();
  set_heights();
  set_columns();
  set_wall_names();
  set_rows();
  for (Arrow& arrow : arrows_) set_points(arrow);
  set_bars();
}

void Picture::make_boxes() {
  const Model& model = world_.model();
  bool outside = false;
  for (const Wall& wall : model.walls) {
    outside =
        outside || std::find(wall.joins.begin(), wall.joins.end(), "outside") != wall.joins.end();
  }
  std::set<int> used;
  if (outside) {
    segments_.push_back({world_.outside_place(), {}, {}});
    used.insert(0);
  }
  for (int segment = 0; segment < static_cast<int>(model.segments.size()); ++segment) {
    SegmentBox made{segment, {.column = column_of(model.segments[index(segment)].kind)}, {}};
    used.insert(made.box.column);
    for (int host = 0; host < static_cast<int>(model.hosts.size()); ++host) {
      if (model.hosts[index(host)].segment == model.segments[index(segment)].name) {
        made.hosts.push_back({host, {}});
      }
    }
    segments_.push_back(std::move(made));
  }
  std::stable_sort(segments_.begin(), segments_.end(),
                   [&](const SegmentBox& a, const SegmentBox& b) {
                     return rank_of(world_, a.segment) < rank_of(world_, b.segment);
                   });
  // Columns nobody uses close up.
  for (SegmentBox& segment : segments_) {
    segment.box.column =
        static_cast<int>(std::distance(used.begin(), used.find(segment.box.column)));
    for (auto& [host, box] : segment.hosts) box.column = segment.box.column;
  }
  columns_ = static_cast<int>(used.size());
}

Picture::Box& Picture::box_of(std::pair<int, int> end) {
  SegmentBox& segment = segments_[index(end.first)];
  return end.second == kNobody ? segment.box : segment.hosts[index(end.second)].second;
}
const Picture::Box& Picture::box_of(std::pair<int, int> end) const {
  const SegmentBox& segment = segments_[index(end.first)];
  return end.second == kNobody ? segment.box : segment.hosts[index(end.second)].second;
}

/// The place of an end among the boxes; nobody's when it is in none, as an outside that no wall
/// joins.
std::pair<int, int> Picture::place_of(End end) const {
  for (int place = 0; place < static_cast<int>(segments_.size()); ++place) {
    const SegmentBox& segment = segments_[index(place)];
    if (segment.segment != end.segment) continue;
    const auto is_host = [&](const auto& one) { return one.first == end.host; };
    const auto host = std::ranges::find_if(segment.hosts, is_host);
    return {place, host == segment.hosts.end()
                       ? kNobody
                       : static_cast<int>(std::distance(segment.hosts.begin(), host))};
  }
  return {kNobody, kNobody};
}

int Picture::gap_of(int wall) const {
  std::set<int> columns;
  for (const std::string& joined : world_.model().walls[index(wall)].joins) {
    const int place = joined == "outside" ? world_.outside_place() : world_.find_segment(joined);
    for (const SegmentBox& segment : segments_) {
      if (segment.segment == place) columns.insert(segment.box.column);
    }
  }
  if (columns.empty()) return 0;
  return std::max(*columns.begin(), *columns.rbegin() - 1);
}

void Picture::make_arrows() {
  for (int flow = 0; flow < static_cast<int>(world_.model().flows.size()); ++flow) {
    if (!is_over(world_.model().flows[index(flow)], today_)) add_arrows(flow);
  }
}

void Picture::add_arrows(int flow) {
  struct Found {
    std::pair<int, int> from;
    std::pair<int, int> to;
    Connection connection;
  };
  std::vector<Found> all;
  for (Connection& one : connections_of(world_, flow)) {
    const auto from = place_of(one.from);
    const auto to = place_of(one.to);
    if (from.first == kNobody || to.first == kNobody) continue;
    all.push_back({from, to, std::move(one)});
  }
  // In the order of the boxes arrows cross each other least.
  std::ranges::sort(all, [](const Found& a, const Found& b) {
    return std::pair(a.from, a.to) < std::pair(b.from, b.to);
  });
  for (const Found& one : all) {
    for (const std::vector<int>& way : ways_of(world_, one.connection)) {
      add_arrow({.flow = flow,
                 .from = one.from,
                 .to = one.to,
                 .label = label_of(world_, one.connection, flow)},
                way);
    }
  }
}

void Picture::add_arrow(Arrow arrow, const std::vector<int>& walls) {
  find_lanes(arrow, walls);
  Box& source = box_of(arrow.from);
  Box& target = box_of(arrow.to);
  arrow.from_end = leaves_right(arrow) ? source.right_ends++ : source.left_ends++;
  arrow.to_end = enters_right(arrow) ? target.right_ends++ : target.left_ends++;
  for (std::size_t i = 1; i < arrow.lanes.size() && arrow.corridor == kNobody; ++i) {
    if (arrow.lanes[i].gap != arrow.lanes[i - 1].gap) arrow.corridor = corridors_++;
  }
  arrows_.push_back(std::move(arrow));
}

/// The walls on the way, and plain lanes where a box is not beside its first or last wall.
void Picture::find_lanes(Arrow& arrow, const std::vector<int>& walls) const {
  const SegmentBox& source = segments_[index(arrow.from.first)];
  const SegmentBox& target = segments_[index(arrow.to.first)];
  for (const int wall : walls) arrow.lanes.push_back({gap_of(wall), wall});
  if (arrow.lanes.empty()) {
    const int first = std::min(source.box.column, target.box.column);
    arrow.lanes.push_back({first, kNobody});
  }
  const auto beside = [](int column, const Lane& lane) {
    return lane.gap == column || lane.gap == column - 1;
  };
  const auto nearest = [](int column, const Lane& lane) {
    return Lane{lane.gap > column ? column : column - 1, kNobody};
  };
  if (!beside(source.box.column, arrow.lanes.front())) {
    arrow.lanes.insert(arrow.lanes.begin(), nearest(source.box.column, arrow.lanes.front()));
  }
  if (!beside(target.box.column, arrow.lanes.back())) {
    arrow.lanes.push_back(nearest(target.box.column, arrow.lanes.back()));
  }
}

bool Picture::leaves_right(const Arrow& arrow) const {
  return arrow.lanes.front().gap >= box_of(arrow.from).column;
}
bool Picture::enters_right(const Arrow& arrow) const {
  return arrow.lanes.back().gap >= box_of(arrow.to).column;
}

void Picture::set_widths() {
  const Model& model = world_.model();
  box_width_ = kLeastHostWidth;
  for (const Host& host : model.hosts) {
    box_width_ = std::max({box_width_, width_of(shown_name(host.title, host.name), 13) + 20,
                           width_of(host.name, kLabelSize) + 20});
  }
  for (const Segment& segment : model.segments) {
    box_width_ = std::max({box_width_, width_of(heading_of(model, segment), 14),
                           width_of(subheading_of(segment), kLabelSize)});
  }
}

void Picture::set_heights() {
  for (SegmentBox& segment : segments_) {
    const int own_ends = std::max(segment.box.left_ends, segment.box.right_ends);
    int height = kHeader + own_ends * kEndDistance;
    for (auto& [host, box] : segment.hosts) {
      box.width = box_width_;
      box.height = std::max(46, 18 + std::max(box.left_ends, box.right_ends) * kEndDistance);
      height += box.height + kPadding;
    }
    segment.box.width = box_width_ + 2 * kPadding;
    segment.box.height = std::max(height, kHeader + 30);
  }
}

/// Room for the labels of arrows that leave boxes on this side of the gap.
int Picture::label_room(int gap, bool left_side) const {
  int room = kGapMargin;
  for (const Arrow& arrow : arrows_) {
    const int column = box_of(arrow.from).column;
    const bool right = leaves_right(arrow);
    if ((left_side && right && column == gap) || (!left_side && !right && column == gap + 1)) {
      room = std::max(room, width_of(arrow.label, kLabelSize) + 30);
    }
  }
  return room;
}

void Picture::set_columns() {
  int x = kMargin;
  for (int column = 0; column < columns_; ++column) {
    for (SegmentBox& segment : segments_) {
      if (segment.box.column != column) continue;
      segment.box.x = x;
      for (auto& [host, box] : segment.hosts) box.x = x + kPadding;
    }
    set_lanes(column, x + box_width_ + 2 * kPadding);
    x = width_;
  }
  width_ += kMargin;
}

/// Above each wall, and above other names that would be written over.
void Picture::set_wall_names() {
  struct Taken {
    int left;
    int right;
  };
  std::vector<std::vector<Taken>> rows;
  for (WallBar& bar : bars_) {
    const Wall& wall = world_.model().walls[index(bar.wall)];
    const int half = width_of(shown_name(wall.title, wall.name), kLabelSize) / 2;
    bar.name_x = std::max(bar.x + bar.width / 2, kLeftMost + half);
    const Taken name{bar.name_x - half, bar.name_x + half};
    const auto is_free = [&](const std::vector<Taken>& row) {
      return std::ranges::none_of(row, [&](const Taken& other) {
        return name.left < other.right + kLeftMost && other.left < name.right + kLeftMost;
      });
    };
    const auto row = std::ranges::find_if(rows, is_free);
    bar.name_y = static_cast<int>(std::distance(rows.begin(), row));
    if (row == rows.end()) rows.emplace_back();
    rows[index(bar.name_y)].push_back(name);
    width_ = std::max(width_, name.right + kMargin);
  }
  top_ = kTop + kWallNameRow * std::max(0, static_cast<int>(rows.size()) - 1);
  for (WallBar& bar : bars_) bar.name_y = top_ - 10 - kWallNameRow * bar.name_y;
}

void Picture::set_rows() {
  bottom_ = top_;
  for (int column = 0; column < columns_; ++column) {
    // A little lower each, so that arrows from different columns do not run on one line.
    int y = top_ + column * kStep;
    for (SegmentBox& segment : segments_) {
      if (segment.box.column != column) continue;
      segment.box.y = y;
      int inner =
          y + kHeader + std::max(segment.box.left_ends, segment.box.right_ends) * kEndDistance;
      for (auto& [host, box] : segment.hosts) {
        box.y = inner;
        inner += box.height + kPadding;
      }
      y += segment.box.height + kBetweenSegments;
      bottom_ = std::max(bottom_, y);
    }
  }
  bottom_ += corridors_ * kLaneDistance;
}

/// Lanes of one wall stand together, on its bricks. Those beside walls stand before the walls where
/// their arrows begin or end on the left, else behind them.
void Picture::set_lanes(int gap, int left) {
  int x = left + label_room(gap, true);
  bool any = false;
  const auto is_on_the_left = [&](const Arrow& arrow) {
    return box_of(arrow.from).column == gap || box_of(arrow.to).column == gap;
  };
  const auto place_lanes = [&](int wall, bool on_the_left = false) {
    const int first = x;
    for (Arrow& arrow : arrows_) {
      for (Lane& lane : arrow.lanes) {
        if (lane.gap != gap || lane.wall != wall) continue;
        if (wall == kNobody && is_on_the_left(arrow) != on_the_left) continue;
        x += kLaneDistance;
        lane.x = x;
        any = true;
      }
    }
    return first;
  };
  place_lanes(kNobody, true);
  if (any) x += kLaneDistance;
  for (int wall = 0; wall < static_cast<int>(world_.model().walls.size()); ++wall) {
    if (gap_of(wall) != gap) continue;
    const int first = place_lanes(wall);
    x = std::max(x + kLaneDistance, first + 2 * kLaneDistance);
    bars_.push_back({.wall = wall, .gap = gap, .x = first, .width = x - first});
    x += kLaneDistance;
    any = true;
  }
  place_lanes(kNobody);
  // Nothing stands behind the last column unless something passes there.
  const bool last = gap + 1 == columns_;
  width_ = last && !any ? left : x + (last ? kLaneDistance : label_room(gap, false));
}

int Picture::end_y(std::pair<int, int> end, int place, bool right) const {
  const Box& box = box_of(end);
  if (end.second == kNobody) return box.y + kHeader + place * kEndDistance + kEndDistance / 2 - 4;
  const int ends = right ? box.right_ends : box.left_ends;
  return box.y + box.height * (2 * place + 1) / (2 * ends);
}

void Picture::set_points(Arrow& arrow) {
  const bool out_right = leaves_right(arrow);
  const bool in_right = enters_right(arrow);
  const Box& source = box_of(arrow.from);
  const Box& target = box_of(arrow.to);
  int y = end_y(arrow.from, arrow.from_end, out_right);
  const int end = end_y(arrow.to, arrow.to_end, in_right);
  arrow.points.emplace_back(out_right ? source.x + source.width : source.x, y);
  for (std::size_t i = 0; i < arrow.lanes.size(); ++i) {
    const Lane& lane = arrow.lanes[i];
    arrow.points.emplace_back(lane.x, y);
    const bool last = i + 1 == arrow.lanes.size();
    if (last) {
      y = end;
    } else if (arrow.lanes[i + 1].gap != lane.gap) {
      y = bottom_ - (arrow.corridor + 1) * kLaneDistance;
    }
    arrow.points.emplace_back(lane.x, y);
  }
  arrow.points.emplace_back(in_right ? target.x + target.width : target.x, end);
}

bool Picture::passes_by(const Arrow& arrow, const WallBar& bar, int y) const {
  if (y <= bar.top || y >= bar.bottom) return false;
  if (std::ranges::any_of(arrow.lanes, [&](const Lane& lane) { return lane.wall == bar.wall; })) {
    return false;
  }
  for (std::size_t i = 1; i < arrow.points.size(); ++i) {
    const auto [low, high] = std::minmax(arrow.points[i - 1].first, arrow.points[i].first);
    if (arrow.points[i].second == y && arrow.points[i - 1].second == y && low < bar.x &&
        high > bar.x + bar.width) {
      return true;
    }
  }
  return false;
}

/// A wall reaches as far as its arrows do. What runs across it without passing it does so in a gap.
void Picture::set_bars() {
  for (WallBar& bar : bars_) {
    bar.top = bottom_;
    for (const Arrow& arrow : arrows_) {
      for (std::size_t i = 0; i < arrow.lanes.size(); ++i) {
        if (arrow.lanes[i].wall != bar.wall) continue;
        // Two points stand on each lane, behind the one at the box.
        const auto [low, high] =
            std::minmax(arrow.points[1 + 2 * i].second, arrow.points[2 + 2 * i].second);
        bar.top = std::min(bar.top, low - kWallOverhang);
        bar.bottom = std::max(bar.bottom, high + kWallOverhang);
      }
    }
    if (bar.bottom != 0) continue;
    bar.top = top_;
    bar.bottom = top_ + 4 * kWallOverhang;
  }
}

}  // namespace nakadachi::walls
