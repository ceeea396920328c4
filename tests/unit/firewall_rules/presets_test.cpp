// Reads tests/data/walls_cells.tsv: what is open in the built-in layouts, written by hand. The
// matrix of the kernel tests compares the kernel with the model; this compares the model with what
// was meant.

#include <fmt/format.h>

#include <set>

#include "apps/common/text_table.hpp"
#include "nakadachi/firewall_rules/prove.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;

namespace {

/// from, to, service
using Row = std::tuple<std::string, std::string, std::string>;

std::set<Row> rows_of(const std::string& layout) {
  std::set<Row> rows;
  const auto take = [&](const std::vector<std::string_view>& fields) -> Result<void> {
    if (fields[0] == layout) rows.emplace(fields[1], fields[2], fields[3]);
    return {};
  };
  REQUIRE(apps::read_rows(NAKADACHI_SOURCE_DIR "/tests/data/walls_cells.tsv", 4, take).ok());
  return rows;
}

/// Who asks or is asked: a host, the rest of a segment or of the world.
struct End {
  std::string name;
  std::string segment;
  int town;  ///< kNobody where there is one for all
  AddressSet addresses;
};

std::vector<End> ends_of(const World& world) {
  std::vector<End> ends = {{"outside", "", kNobody, world.outside()}};
  for (const Machine& machine : world.machines()) {
    if (machine.segment == kNobody || machine.addresses.empty()) continue;
    const std::string& segment =
        world.model().segments[static_cast<std::size_t>(machine.segment)].name;
    const bool is_host = machine.host != kNobody;
    ends.push_back({is_host ? world.model().hosts[static_cast<std::size_t>(machine.host)].name : "",
                    segment, machine.town, machine.addresses});
  }
  return ends;
}

const std::vector<std::string> kServices = {
    "tcp/22",   "tcp/25",   "tcp/5432", "tcp/5700", "tcp/5701", "tcp/5702", "tcp/5703",
    "tcp/5704", "tcp/5705", "udp/123",  "udp/5701", "tcp/123",  "echo",     "tcp/80"};

bool is_meant(const std::set<Row>& rows, const End& from, const End& to,
              const std::string& service) {
  if (from.town != kNobody && to.town != kNobody && from.town != to.town) return false;
  return rows.contains({from.name, to.name, service}) ||
         rows.contains({from.segment, to.segment, "any"});
}

}  // namespace

TEST_CASE("the layouts open what was meant by hand, and nothing else", "[walls]") {
  for (const std::string layout : {"fig3_5", "fig3_6", "fig3_7", "fig3_8", "shared_centre"}) {
    const World world = nakadachi::walls::testing::world_of_preset(layout, 2);
    const std::set<Row> rows = rows_of(layout);
    const Prover prover(world);
    const auto ends = ends_of(world);
    std::set<Row> used;
    const auto compare = [&](const End& from, const End& to, const std::string& service,
                             const ServiceSet& asked, Family family) {
      const AddressSet& all = all_addresses(family);
      const bool is_open =
          prover.opening(from.addresses & all, to.addresses & all, asked).reachable;
      const bool meant = is_meant(rows, from, to, service);
      if (meant) used.insert({from.name, to.name, service});
      if (meant && from.segment == to.segment) used.insert({from.segment, to.segment, "any"});
      if (is_open == meant) return;
      FAIL_CHECK(fmt::format("{}: {}/{} {} -> {}/{} {} {}: {}", layout, from.segment, from.name,
                             from.town, to.segment, to.name, to.town, service,
                             is_open ? "open" : "closed"));
    };
    for (const End& from : ends) {
      for (const End& to : ends) {
        if (&from == &to) continue;
        for (const Family family : kFamilies) {
          for (const std::string& service : kServices) {
            compare(from, to, service, *parse_service(service), family);
          }
          // Protocols without ports: SCTP, GRE and whatever else there is.
          compare(from, to, "others",
                  Interval<std::uint32_t>{3 * kPortsPerProtocol, 4 * kPortsPerProtocol}, family);
        }
      }
    }
    for (const auto& [from, to, service] : rows) {
      CAPTURE(layout, from, to, service);
      CHECK(used.contains({from, to, service}));
    }
  }
}
