#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connections.hpp"
#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// Without a day nothing is over.
using Today = std::optional<std::chrono::year_month_day>;

/// Where everything of a picture stands. Lengths are in pixels; whole numbers,
/// so that the text of a picture does not depend on rounding.
class Picture {
 public:
  /// A segment or a host. Arrows end at its left or right side.
  struct Box {
    int column = 0;
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    int left_ends = 0;  ///< how many arrows end there
    int right_ends = 0;
  };
  struct SegmentBox {
    int segment;  ///< place in the model; `outside_place` for the world outside
    Box box;
    std::vector<std::pair<int, Box>> hosts;  ///< by place in the model
  };
  /// A stretch of the way up or down, in the gap behind a column.
  struct Lane {
    int gap;
    int wall;  ///< nobody: beside the walls
    int x = 0;
  };
  struct Arrow {
    int flow;
    std::pair<int, int> from;  ///< place among the segment boxes, place among its hosts or nobody
    std::pair<int, int> to;
    std::string label = {};
    std::vector<Lane> lanes = {};
    int from_end = 0;  ///< which end at the side of the box
    int to_end = 0;
    int corridor = kNobody;  ///< which row below the boxes, where it crosses columns
    std::vector<std::pair<int, int>> points = {};
  };
  struct WallBar {
    int wall;
    int gap;
    int x = 0;
    int width = 0;
    int top = 0;
    int bottom = 0;
    int name_x = 0;  ///< its middle
    int name_y = 0;
  };

  /// What is over has no arrows.
  Picture(const World& world, Today today);

  const std::vector<SegmentBox>& segments() const { return segments_; }
  const std::vector<Arrow>& arrows() const { return arrows_; }
  const std::vector<WallBar>& bars() const { return bars_; }
  int width() const { return width_; }
  int bottom() const { return bottom_; }  ///< below boxes and corridors
  /// Whether the arrow runs across the bar at this height without passing the wall.
  bool passes_by(const Arrow& arrow, const WallBar& bar, int y) const;

 private:
  void make_boxes();
  void make_arrows();
  void add_arrows(int flow);
  std::pair<int, int> place_of(End end) const;
  void add_arrow(Arrow arrow, const std::vector<int>& walls);
  void find_lanes(Arrow& arrow, const std::vector<int>& walls) const;
  int gap_of(int wall) const;
  int label_room(int gap, bool left_side) const;
  void set_widths();
  void set_heights();
  void set_columns();
  void set_wall_names();
  void set_rows();
  void set_lanes(int gap, int left);
  void set_bars();
  void set_points(Arrow& arrow);
  Box& box_of(std::pair<int, int> end);
  const Box& box_of(std::pair<int, int> end) const;
  int end_y(std::pair<int, int> end, int place, bool right) const;
  bool leaves_right(const Arrow& arrow) const;
  bool enters_right(const Arrow& arrow) const;

  const World& world_;
  Today today_;
  std::vector<SegmentBox> segments_;
  std::vector<Arrow> arrows_;
  std::vector<WallBar> bars_;
  int box_width_ = 0;  ///< of hosts
  int top_;
  int columns_ = 0;
  int corridors_ = 0;
  int width_ = 0;
  int bottom_;
};

/// The width of a text of this size, estimated: full-width characters count twice.
int width_of(std::string_view text, int size);
/// What stands on an arrow: the flow's id, its services there, and what of the boxes it means.
std::string label_of(const World& world, const Connection& connection, int flow);
/// The flow's id and all its services.
std::string label_of(const World& world, int flow);
/// What people call it: the Japanese title, or else the English one, or the name.
std::string_view shown_name(const Text& title, std::string_view name);
/// The two lines above a segment's hosts.
std::string heading_of(const Model& model, const Segment& segment);
std::string subheading_of(const Segment& segment);

}  // namespace nakadachi::walls
