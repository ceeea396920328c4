#include "nakadachi/firewall_rules/draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/walls_file.hpp"
#include "random_model.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi::walls;
using Catch::Matchers::ContainsSubstring;
using nakadachi::walls::testing::kSoundWalls;
using nakadachi::walls::testing::ModelMaker;
using nakadachi::walls::testing::world_of;
using nakadachi::walls::testing::world_of_preset;

namespace {

constexpr int kBelowTitles = 76;

struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// What stands in a picture.
struct Seen {
  std::vector<Rect> boxes;
  std::vector<Rect> bricks;
  std::vector<Rect> gaps;  ///< in bricks
  std::vector<std::vector<std::pair<int, int>>> arrows;
  std::vector<std::string> texts;
};

/// The groups of each match.
std::vector<std::vector<std::string>> all(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  std::vector<std::vector<std::string>> found;
  for (std::sregex_iterator next(text.begin(), text.end(), wanted), end; next != end; ++next) {
    found.emplace_back(next->begin(), next->end());
  }
  return found;
}

Seen seen_in(const std::string& svg) {
  Seen seen;
  const std::string rect = R"x(<rect x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)" )x";
  const auto rects = [&](const std::string& style) {
    std::vector<Rect> found;
    for (const auto& one : all(svg, rect + style)) {
      found.push_back({std::stoi(one[1]), std::stoi(one[2]), std::stoi(one[3]), std::stoi(one[4])});
    }
    return found;
  };
  seen.boxes = rects("rx=");
  seen.bricks = rects("fill=\"url");
  seen.gaps = rects("fill=\"#ffffff\"/>");
  for (const auto& path : all(svg, R"x(<path d="([^"]*)"[^>]* marker-end)x")) {
    auto& points = seen.arrows.emplace_back();
    for (const auto& point : all(path[1], R"x([ML](-?\d+) (-?\d+))x")) {
      points.emplace_back(std::stoi(point[1]), std::stoi(point[2]));
    }
  }
  for (const auto& text : all(svg, R"x(<text [^>]*>([^<]*)</text>)x")) {
    seen.texts.push_back(text[1]);
  }
  return seen;
}

/// The line of the legend about a flow.
std::string legend_of(const Seen& seen, const std::string& flow) {
  for (const std::string& text : seen.texts) {
    if (text.starts_with(flow + " ") && text.find(" → ") != std::string::npos) return text;
  }
  return "";
}

/// Runs through the bricks from side to side where they are closed, on no lane of its own there.
bool runs_through(const std::vector<std::pair<int, int>>& arrow, const Rect& bricks,
                  const std::vector<Rect>& gaps) {
  const auto is_in = [&](int x) { return x >= bricks.x && x <= bricks.x + bricks.width; };
  if (std::ranges::any_of(arrow, [&](const auto& point) { return is_in(point.first); })) {
    return false;
  }
  for (std::size_t i = 1; i < arrow.size(); ++i) {
    const int y = arrow[i].second;
    const auto [low, high] = std::minmax(arrow[i - 1].first, arrow[i].first);
    const bool crosses = y == arrow[i - 1].second && low < bricks.x &&
                         high > bricks.x + bricks.width && y > bricks.y &&
                         y < bricks.y + bricks.height;
    const bool open = std::ranges::any_of(gaps, [&](const Rect& gap) {
      return gap.x < bricks.x && gap.x + gap.width > bricks.x + bricks.width && gap.y < y &&
             gap.y + gap.height > y;
    });
    if (crosses && !open) return true;
  }
  return false;
}

void check_picture(const std::string& svg) {
  const Seen seen = seen_in(svg);
  for (const Rect& box : seen.boxes) CHECK(box.y >= kBelowTitles);
  for (const auto& arrow : seen.arrows) {
    REQUIRE(arrow.size() >= 4);
    for (const Rect& bricks : seen.bricks) CHECK_FALSE(runs_through(arrow, bricks, seen.gaps));
  }
  const bool is_text = std::ranges::none_of(
      svg, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
  CHECK(is_text);
  CHECK(std::ranges::count(svg, '<') == std::ranges::count(svg, '>'));
}

std::string with(std::string model, std::string_view from, std::string_view to) {
  const std::size_t at = model.find(from);
  REQUIRE(at != std::string::npos);
  return model.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("an arrow goes through the walls it passes, and through no bricks else", "[walls]") {
  for (const auto& preset : nakadachi::apps::walls_presets()) {
    CAPTURE(preset.name);
    check_picture(draw(world_of_preset(std::string(preset.name), 20)));
  }
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    const auto world = World::build(ModelMaker(seed).make());
    if (world.ok()) check_picture(draw(*world));
  }
  CHECK_FALSE(seen_in(draw(world_of_preset("fig3_7", 1))).gaps.empty());
}

TEST_CASE("without walls, or with nothing, boxes and notes stand below the titles", "[walls]") {
  const std::string alone =
      "[model]\nname = \"alone\"\ntitle_ja = \"題\"\ntitle_en = \"title\"\n"
      "[[segment]]\nname = \"only\"\nkind = \"core\"\nipv4 = \"10.1.0.0/24\"\n"
      "[[host]]\nname = \"one\"\nsegment = \"only\"\naddress = \"10.1.0.5\"\n";
  const Seen seen = seen_in(draw(world_of(alone)));
  REQUIRE(seen.boxes.size() == 2);
  for (const Rect& box : seen.boxes) CHECK(box.y >= kBelowTitles);
  const std::string svg = draw(world_of("[model]\nname = \"empty\"\n"));
  for (const auto& text : all(svg, R"x(<text x="24" y="(\d+)" font-size="12" font-w)x")) {
    CHECK(std::stoi(text[1]) > kBelowTitles);
  }
}

TEST_CASE("the legend names every wall that a flow passes", "[walls]") {
  std::string model = with(kSoundWalls, "joins = [\"business\", \"core\"]",
                           "joins = [\"business\", \"between\"]\n[[wall]]\nname = \"outer_wall\"\n"
                           "joins = [\"between\", \"core\"]\n[[segment]]\nname = \"between\"\n"
                           "kind = \"ops\"\nipv4 = \"10.2.0.0/24\"\nipv6 = \"fd00:2::/64\"");
  CHECK_THAT(legend_of(seen_in(draw(world_of(model))), "oltp"),
             Catch::Matchers::EndsWith("[wall, outer_wall]") ||
                 Catch::Matchers::EndsWith("[outer_wall, wall]"));
}

TEST_CASE("a flow with a last day shows it", "[walls]") {
  CHECK_THAT(legend_of(seen_in(draw(world_of(kSoundWalls))), "oltp"),
             ContainsSubstring("2027-03-31まで"));
}

TEST_CASE("what machines of one box say to each other is drawn", "[walls]") {
  const std::size_t before = seen_in(draw(world_of(kSoundWalls))).arrows.size();
  for (const std::string ends : {"from = \"core\"\nto = \"core\"\n",
                                 "from = \"systems\"\nto = \"systems\"\nacross_towns = true\n"}) {
    CAPTURE(ends);
    const std::string within = "[[flow]]\nid = \"within\"\nservice = \"tcp/9\"\n";
    const Seen seen = seen_in(draw(world_of(fmt::format("{}{}{}", kSoundWalls, within, ends))));
    CHECK(seen.arrows.size() == before + 1);
    CHECK_FALSE(legend_of(seen, "within").empty());
  }
}

TEST_CASE("a segment that is open inside is called so", "[walls]") {
  const Seen seen = seen_in(draw(world_of(kSoundWalls)));
  const auto is_open = [](const std::string& text) { return text.ends_with("（内部開放）"); };
  REQUIRE(std::ranges::count_if(seen.texts, is_open) == 1);
  CHECK(std::ranges::find_if(seen.texts, is_open)->starts_with("business"));
}

TEST_CASE("a flow to a shown address leads to the machine behind it", "[walls]") {
  const std::string translated =
      kSoundWalls +
      "[[flow]]\nid = \"shown\"\nfrom = \"systems\"\nto = \"192.0.2.1\"\nservice = \"tcp/1\"\n"
      "[[nat]]\nid = \"a\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"192.0.2.1\"\n"
      "shown_service = \"tcp/1\"\nhidden = \"10.1.0.5\"\nhidden_service = \"tcp/5701\"\n";
  const Seen seen = seen_in(draw(world_of(translated)));
  CHECK(seen.arrows.size() == seen_in(draw(world_of(kSoundWalls))).arrows.size() + 1);
  CHECK_THAT(legend_of(seen, "shown"), Catch::Matchers::EndsWith("[wall]"));
}

TEST_CASE("a title that XML cannot hold is refused", "[walls]") {
  for (const std::string_view name :
       {"name = \"sound\"\n", "name = \"core\"\n", "name = \"node\"\n", "name = \"wall\"\n"}) {
    CAPTURE(name);
    const auto model = nakadachi::apps::parse_walls(
        with(kSoundWalls, name, fmt::format("{}title_ja = \"a\\u0001b\"\n", name)), "draw");
    REQUIRE(model.ok());
    const auto world = World::build(*model);
    REQUIRE_FALSE(world.ok());
    CHECK_THAT(world.error().detail, ContainsSubstring("one line"));
  }
}

TEST_CASE("titles with signs of XML stand in the picture as they are", "[walls]") {
  const std::string svg = draw(
      world_of(with(kSoundWalls, "name = \"core\"\n", "name = \"core\"\ntitle_ja = \"a<b>&c\"\n")));
  CHECK_THAT(svg, ContainsSubstring("a&lt;b&gt;&amp;c"));
}
