#include <fmt/format.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/prove.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

/// Who reaches whom in the layouts that are built in, written down by hand from what their
/// pictures and paragraphs promise, cell by cell. Whatever is not written here is closed.
using namespace nakadachi;
using namespace nakadachi::walls;
using nakadachi::walls::testing::world_of_preset;

namespace {

/// `A, B > C, D : services` opens every one of A and B to every one of C and D; `A = B = C : any`
/// each of them to each other.
constexpr const char* kFigure35 = R"(
business_systems = others in business : any
middle_server = interface_system = others in servers : any
core_system = others in national : any
business_systems > middle_server : tcp/5701
interface_system > core_system : tcp/5703
)";

constexpr const char* kFigure36 = R"(
business_systems = others in business : any
interface_system = others in interface : any
core_system = others in national : any
business_systems > middle_server : tcp/5701
middle_server > interface_system : tcp/5702
interface_system > core_system : tcp/5703
)";

constexpr const char* kFigure37 = R"(
business_systems = others in business : any
office_terminals = mail_server = middle_server = others in internal : any
mail_relay = others in internet : any
interface_system = others in interface : any
business_systems > middle_server : tcp/5701
middle_server > interface_system : tcp/5702
outside > mail_relay : tcp/25
mail_relay > mail_server : tcp/25
)";

constexpr const char* kFigure38 = R"(
business_systems = others in business : any
office_terminals = mail_server = others in internal : any
mail_relay = others in internet : any
interface_system = others in interface : any
business_systems > middle_server : tcp/5701
middle_server > interface_system : tcp/5702
outside > mail_relay : tcp/25
mail_relay > mail_server : tcp/25
)";

/// The first two towns; each has its own business LAN.
constexpr const char* kSharedCentre = R"(
business_systems@011002 = staff_terminals@011002 = others in business@011002 : any
business_systems@012025 = staff_terminals@012025 = others in business@012025 : any
national_system = others in national : any
business_systems@011002, business_systems@012025 > node1, node2 : tcp/5701
business_systems@011002, business_systems@012025 > node1, node2 : tcp/5704
staff_terminals@011002, staff_terminals@012025 > node1, node2 : tcp/5704
operator1, operator2 > node1, node2 : tcp/5704
node1, node2, copies_host > postgres : tcp/5432
node1, node2 > gateway : tcp/5702
gateway > national_system : tcp/5703
operator1, operator2 > node1, node2, gateway, postgres, copies_host : tcp/22
operator1, operator2 > towns_wall_port, inner_wall_port, national_wall_port : tcp/22
node1, node2, gateway, postgres, copies_host, operator1, operator2 > time_source : udp/123
towns_wall_port, inner_wall_port, national_wall_port > time_source : udp/123
)";

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; end = text.find(at, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + at.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// By name of who calls and who is called.
using Cells = std::map<std::pair<std::string, std::string>, ServiceSet>;

Cells cells_of(const std::string& table) {
  Cells cells;
  for (const std::string& line : split(table, "\n")) {
    if (line.empty()) continue;
    const std::vector<std::string> sides = split(line, " : ");
    const ServiceSet services = *parse_service(sides.at(1));
    const auto open = [&](const std::string& from, const std::string& to) {
      ServiceSet& cell = cells[{from, to}];
      cell = cell | services;
    };
    const std::vector<std::string> arrow = split(sides.front(), " > ");
    const std::vector<std::string> each = split(sides.front(), " = ");
    const bool directed = arrow.size() == 2;
    for (const std::string& from : directed ? split(arrow[0], ", ") : each) {
      for (const std::string& to : directed ? split(arrow[1], ", ") : each) {
        if (from != to) open(from, to);
      }
    }
  }
  return cells;
}

/// The services at the borders of a set, and just beyond them.
std::vector<std::uint32_t> around(const ServiceSet& services) {
  std::vector<std::uint32_t> all = {service(Protocol::kEcho, 0, 0).intervals().front().first, 0};
  for (const auto& [first, last] : services.intervals()) {
    for (const std::uint32_t one : {first - 1, first, last, last + 1}) {
      if (all_services().contains(one)) all.push_back(one);
    }
  }
  return all;
}

/// Fails for every cell that prover or explainer see otherwise.
void check_cell(const World& world, const Prover& prover, const Machine& from, const Machine& to,
                const ServiceSet& open) {
  for (const Family family : kFamilies) {
    const AddressSet sources = from.addresses & all_addresses(family);
    const AddressSet targets = to.addresses & all_addresses(family);
    REQUIRE_FALSE((sources.empty() || targets.empty()));
    CHECK_FALSE(prover.opening(sources, targets, all_services() - open).reachable);
    for (const std::uint32_t one : around(open)) {
      CAPTURE(family, one);
      const ServiceSet wanted{Interval<std::uint32_t>{one, one}};
      CHECK(prover.opening(sources, targets, wanted).reachable == open.contains(one));
      const auto told = explain(world, sources.intervals().front().first,
                                targets.intervals().front().first, wanted);
      REQUIRE(told.ok());
      CHECK(told->allowed == open.contains(one));
    }
  }
}

void check_cells(const std::string& preset, const std::string& table) {
  const World world = world_of_preset(preset, 2);
  const Prover prover(world);
  Cells expected = cells_of(table);
  const auto machines = static_cast<int>(world.machines().size());
  for (int from = 0; from < machines; ++from) {
    for (int to = 0; to < machines; ++to) {
      if (from == to) continue;
      const std::pair names{world.name_of_machine(from), world.name_of_machine(to)};
      CAPTURE(preset, names.first, names.second);
      const auto cell = expected.find(names);
      const ServiceSet open = cell == expected.end() ? ServiceSet() : cell->second;
      const auto place = [](int machine) { return static_cast<std::size_t>(machine); };
      check_cell(world, prover, world.machines()[place(from)], world.machines()[place(to)], open);
      if (cell != expected.end()) expected.erase(cell);
    }
  }
  for (const auto& [names, services] : expected) {
    FAIL_CHECK(fmt::format("{} has no {} or no {}", preset, names.first, names.second));
  }
}

}  // namespace

TEST_CASE("in each layout that is built in, those reach each other who should", "[walls]") {
  check_cells("fig3_5", kFigure35);
  check_cells("fig3_6", kFigure36);
  check_cells("fig3_7", kFigure37);
  check_cells("fig3_8", kFigure38);
  check_cells("shared_centre", kSharedCentre);
}
