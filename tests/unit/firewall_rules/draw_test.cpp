#include "nakadachi/firewall_rules/draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <regex>
#include <set>
#include <string>
#include <string_view>
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
using nakadachi::walls::testing::rearrange;
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
  std::vector<std::string> labels;  ///< one an arrow
  std::vector<std::string> walls;   ///< one a rectangle of bricks
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
  for (const auto& text : all(svg, R"x(<text ([^>]*)>([^<]*)</text>)x")) {
    seen.texts.push_back(text[2]);
    if (text[1].find("paint-order") != std::string::npos) seen.labels.push_back(text[2]);
    if (text[1].find("#8a4b14") != std::string::npos) seen.walls.push_back(text[2]);
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

/// Every tag is closed by its like, every value has its quotes, every sign its spelling.
bool is_well_formed(std::string_view xml) {
  std::vector<std::string_view> open;
  for (std::size_t at = 0; at < xml.size(); ++at) {
    if (static_cast<unsigned char>(xml[at]) < 0x20 && xml[at] != '\n') return false;
    if (xml[at] == '>') return false;
    if (xml[at] == '&') {
      const std::string_view rest = xml.substr(at);
      if (!rest.starts_with("&amp;") && !rest.starts_with("&lt;") && !rest.starts_with("&gt;")) {
        return false;
      }
    }
    if (xml[at] != '<') continue;
    const std::string_view tag = xml.substr(at + 1, xml.find('>', at) - at - 1);
    const std::string_view name = tag.substr(0, tag.find_first_of(" >"));
    if (tag.find('<') != std::string_view::npos || std::ranges::count(tag, '"') % 2 != 0) {
      return false;
    }
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
    at += tag.size() + 1;
  }
  return open.empty();
}

using Names = std::set<std::string>;

/// On whose bricks the flow's arrows have lanes.
Names walls_passed(const Seen& seen, const std::string& flow) {
  Names names;
  for (std::size_t arrow = 0; arrow < seen.arrows.size(); ++arrow) {
    if (!seen.labels.at(arrow).starts_with(flow + " ")) continue;
    for (std::size_t wall = 0; wall < seen.bricks.size(); ++wall) {
      const Rect& bricks = seen.bricks[wall];
      const auto is_in = [&](const auto& point) {
        return point.first > bricks.x && point.first < bricks.x + bricks.width &&
               point.second > bricks.y && point.second < bricks.y + bricks.height;
      };
      if (std::ranges::any_of(seen.arrows[arrow], is_in)) names.insert(seen.walls.at(wall));
    }
  }
  return names;
}

/// What stands in brackets at the end of the flow's line in the legend.
Names walls_in_legend(const Seen& seen, const std::string& flow) {
  Names names;
  for (const auto& way : all(legend_of(seen, flow), R"x(\[([a-z0-9_, ]+)\])x")) {
    for (const auto& name : all(way[1], "[a-z0-9_]+")) names.insert(name[0]);
  }
  return names;
}

/// What a flow opens, machine by machine.
struct Opened {
  bool anything = false;
  Names walls;
};
Opened opened_by(const World& world, int flow) {
  Opened opened;
  const auto place = [&](const Machine& one) {
    return one.segment == kNobody ? world.outside_place() : one.segment;
  };
  const auto pass = [&](int source, int target) {
    const Machine& from = world.machines()[static_cast<std::size_t>(source)];
    const Machine& to = world.machines()[static_cast<std::size_t>(target)];
    opened.anything = opened.anything || source != target;
    if (place(from) == place(to) && from.town == to.town) return;
    for (const World::Passage& passage : world.way(place(from), place(to))) {
      opened.walls.insert(world.model().walls[static_cast<std::size_t>(passage.wall)].name);
    }
  };
  for (const Opening& opening : world.openings()) {
    if (opening.flow != flow) continue;
    for (const Region& region : opening.by_family) {
      if (region.empty()) continue;
      for (const int source : world.machines_in(region.from)) {
        for (const int target : world.machines_in(region.to)) pass(source, target);
      }
    }
  }
  return opened;
}

/// Of a text of this size, at the least: letters are half as wide as signs of full width.
int width_at_least(std::string_view text, int size) {
  int halves = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) halves += 1;
    if (byte >= 0xc0) halves += 2;
  }
  return halves * size / 2;
}

/// Texts end within the picture, and within all boxes they begin in.
void check_texts(const std::string& svg, const std::vector<Rect>& boxes) {
  const int width = std::stoi(all(svg, R"x(viewBox="0 0 (\d+) )x").at(0)[1]);
  for (const auto& text : all(svg, R"x(<text x="(-?\d+)" y="(-?\d+)"([^>]*)>([^<]*)</text>)x")) {
    CAPTURE(text[4]);
    const auto sized = all(text[3], R"x(font-size="(\d+)")x");
    const int wide = width_at_least(text[4], sized.empty() ? 13 : std::stoi(sized[0][1]));
    const bool centred = text[3].find("\"middle\"") != std::string::npos;
    const bool to_the_left = text[3].find("\"end\"") != std::string::npos;
    const int left = std::stoi(text[1]) - (centred ? wide / 2 : to_the_left ? wide : 0);
    CHECK(left >= 0);
    CHECK(left + wide <= width);
    if (text[3].find("text-anchor") != std::string::npos) continue;
    for (const Rect& box : boxes) {
      const int y = std::stoi(text[2]);
      if (left < box.x || left > box.x + box.width || y < box.y || y > box.y + box.height) continue;
      CHECK(left + wide <= box.x + box.width);
    }
  }
}

void check_picture(const World& world) {
  const std::string svg = draw(world);
  CHECK(is_well_formed(svg));
  const Seen seen = seen_in(svg);
  for (const Rect& box : seen.boxes) CHECK(box.y >= kBelowTitles);
  check_texts(svg, seen.boxes);
  REQUIRE(seen.labels.size() == seen.arrows.size());
  REQUIRE(seen.walls.size() == seen.bricks.size());
  for (const auto& arrow : seen.arrows) {
    REQUIRE(arrow.size() >= 4);
    for (const Rect& bricks : seen.bricks) CHECK_FALSE(runs_through(arrow, bricks, seen.gaps));
  }
}

/// Each flow has an arrow, and passes the walls that the legend and the openings say.
void check_flows_of_picture(const World& world) {
  const Seen seen = seen_in(draw(world));
  for (int flow = 0; flow < static_cast<int>(world.model().flows.size()); ++flow) {
    const std::string& id = world.model().flows[static_cast<std::size_t>(flow)].id;
    CAPTURE(id, legend_of(seen, id));
    const Opened opened = opened_by(world, flow);
    const bool has_arrow = std::ranges::any_of(
        seen.labels, [&](const std::string& label) { return label.starts_with(id + " "); });
    if (opened.anything) CHECK(has_arrow);
    CHECK(walls_passed(seen, id) == opened.walls);
    CHECK(walls_in_legend(seen, id) == opened.walls);
  }
}

/// Labels of the arrows of one flow, without its id and services.
std::vector<std::string> narrowings_of(const Seen& seen, const std::string& flow) {
  std::vector<std::string> found;
  for (const std::string& label : seen.labels) {
    if (!label.starts_with(flow + " ")) continue;
    const std::size_t at = label.find("（");
    found.push_back(at == std::string::npos ? "" : label.substr(at));
  }
  return found;
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
    check_picture(world_of_preset(std::string(preset.name), 20));
  }
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Model model = ModelMaker(seed).make();
    rearrange(model, seed);
    const auto world = World::build(model);
    if (!world.ok()) continue;
    check_picture(*world);
    check_flows_of_picture(*world);
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

TEST_CASE("long names and titles stay where they belong", "[walls]") {
  const std::string long_name = "a_name_as_long_as_any_may_be_40_signs_xx";
  REQUIRE(long_name.size() == 40);
  const std::string title(250, 't');
  for (const std::string_view japanese : {"", "title_ja = \"題\"\n"}) {
    for (const std::string_view name : {"sound", "core", "node", "wall"}) {
      CAPTURE(name, japanese);
      const std::string named = fmt::format("name = \"{}\"\n", name);
      check_picture(world_of(with(kSoundWalls, named,
                                  fmt::format("{}{}title_en = \"{}\"\n", named, japanese, title))));
    }
    check_picture(
        world_of(fmt::format("{}[[host]]\nname = \"{}\"\n{}segment = \"core\"\n"
                             "address = \"10.1.0.99\"\n",
                             kSoundWalls, long_name, japanese)));
  }
}

TEST_CASE("what has no Japanese title shows its English one, or its name", "[walls]") {
  const std::string untitled =
      "[model]\nname = \"plain\"\n"
      "[[segment]]\nname = \"only\"\nkind = \"core\"\nipv4 = \"10.1.0.0/24\"\ninside = "
      "\"walled\"\n";
  const Seen by_name = seen_in(draw(world_of(untitled)));
  CHECK(std::ranges::count(by_name.texts, "plain") == 1);
  CHECK(std::ranges::count(by_name.texts, "only") == 2);
  const Seen by_title = seen_in(draw(
      world_of(with(untitled, "name = \"plain\"\n", "name = \"plain\"\ntitle_en = \"Plain\"\n"))));
  CHECK(std::ranges::count(by_title.texts, "Plain") == 1);
}

TEST_CASE("names of walls stand beside or above each other", "[walls]") {
  const std::string beside = "とても長い名前のついた隣り合うファイアウォール装置";
  std::string model =
      with(kSoundWalls, "joins = [\"business\", \"core\"]",
           fmt::format("title_ja = \"{0}\"\njoins = [\"business\", \"core\"]\n[[wall]]\n"
                       "name = \"next\"\ntitle_ja = \"{0}\"\njoins = [\"core\", \"national\"]\n"
                       "[[segment]]\nname = \"national\"\nkind = \"national\"\n"
                       "ipv4 = \"10.9.0.0/24\"\nipv6 = \"fd00:9::/64\"",
                       beside));
  const std::string svg = draw(world_of(model));
  std::vector<Rect> names;
  for (const auto& text :
       all(svg, R"x(<text x="(-?\d+)" y="(-?\d+)" [^>]*#8a4b14[^>]*>([^<]*)</text>)x")) {
    const int wide = width_at_least(text[3], 11);
    names.push_back({std::stoi(text[1]) - wide / 2, std::stoi(text[2]), wide, 11});
  }
  REQUIRE(names.size() == 2);
  CHECK((names[0].y != names[1].y || names[0].x + names[0].width < names[1].x));
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

TEST_CASE("a flow that is over has no arrow, and is over in the legend", "[walls]") {
  using std::chrono::year_month_day;
  const World world = world_of(kSoundWalls);
  const year_month_day last{std::chrono::year(2027), std::chrono::March, std::chrono::day(31)};
  const year_month_day next{std::chrono::year(2027), std::chrono::April, std::chrono::day(1)};
  const std::string on_last_day = draw(world, last);
  CHECK(on_last_day == draw(world));
  CHECK(on_last_day.find("stroke-width=\"2.5\" stroke-dasharray") == std::string::npos);
  const std::string afterwards = draw(world, next);
  const Seen seen = seen_in(afterwards);
  CHECK(narrowings_of(seen, "oltp").empty());
  CHECK(narrowings_of(seen, "sql").size() == 1);
  CHECK_THAT(legend_of(seen, "oltp"), ContainsSubstring("2027-03-31で終了、遮断"));
  CHECK_THAT(afterwards, ContainsSubstring("stroke-width=\"2.5\" stroke-dasharray"));
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

TEST_CASE("an arrow says which part of its boxes is meant", "[walls]") {
  const auto drawn = [](const std::string& ends) {
    return narrowings_of(
        seen_in(draw(
            world_of(kSoundWalls + "[[flow]]\nid = \"narrow\"\nservice = \"tcp/9\"\n" + ends))),
        "narrow");
  };
  using Narrowings = std::vector<std::string>;
  CHECK(drawn("from = \"systems\"\nto = \"node\"\n") == Narrowings{""});
  CHECK(drawn("from = \"systems@011002\"\nto = \"node\"\n") == Narrowings{"（@011002から）"});
  CHECK(drawn("from = \"business@012025\"\nto = \"node\"\n") == Narrowings{"（@012025から）"});
  CHECK(drawn("from = \"node\"\nto = \"10.1.0.77\"\n") == Narrowings{"（10.1.0.77へ）"});
  CHECK(drawn("from = \"systems@011002\"\nto = \"systems@012025\"\n") ==
        Narrowings{"（@011002から @012025へ 団体間）"});
  CHECK(drawn("from = \"systems\"\nto = \"business\"\n") == Narrowings{""});
  CHECK(drawn("from = \"systems\"\nto = \"business\"\nacross_towns = true\n") ==
        Narrowings{"（団体間）"});
}

TEST_CASE("from town to town a flow passes the wall between them", "[walls]") {
  const auto legend = [](const std::string& more) {
    const std::string model = kSoundWalls +
                              "[[flow]]\nid = \"within\"\nservice = \"tcp/9\"\nfrom = "
                              "\"systems\"\nto = \"business\"\n" +
                              more;
    return walls_in_legend(seen_in(draw(world_of(model))), "within");
  };
  CHECK(legend("").empty());
  CHECK(legend("across_towns = true\n") == Names{"wall"});
}

TEST_CASE("walls beside each other are ways of their own", "[walls]") {
  const std::string model = with(kSoundWalls, "joins = [\"business\", \"core\"]",
                                 "joins = [\"business\", \"core\"]\n[[wall]]\nname = \"other\"\n"
                                 "joins = [\"business\", \"core\"]");
  const Seen seen = seen_in(draw(world_of(model)));
  CHECK(narrowings_of(seen, "oltp").size() == 2);
  CHECK_THAT(legend_of(seen, "oltp"), Catch::Matchers::EndsWith("[wall] [other]"));
}

TEST_CASE("a translation takes along what it catches only", "[walls]") {
  const std::string translated =
      kSoundWalls +
      "[[flow]]\nid = \"shown\"\nfrom = \"systems\"\nto = \"192.0.2.1\"\nservice = \"tcp/2\"\n"
      "[[nat]]\nid = \"a\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"192.0.2.1\"\n"
      "shown_service = \"tcp/1\"\nhidden = \"10.1.0.5\"\nhidden_service = \"tcp/5701\"\n";
  const Seen seen = seen_in(draw(world_of(translated)));
  CHECK(narrowings_of(seen, "shown").empty());
  CHECK(walls_in_legend(seen, "shown").empty());
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
