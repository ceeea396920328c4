#include "nakadachi/firewall_rules/prove.hpp"

#include <algorithm>

#include "nakadachi/firewall_rules/explain.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/firewall_rules/enumerator.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using nakadachi::walls::testing::Enumerator;
using nakadachi::walls::testing::ModelMaker;
using nakadachi::walls::testing::rearrange;

namespace {

AddressSet single(const Address& address) { return Interval<Address>{address, address}; }

/// The enumerator's names of machines that the world counts.
std::set<std::string> names_of(const World& world, const Enumerator& naive,
                               const std::vector<int>& machines) {
  std::set<std::string> names;
  for (const Address& address : naive.addresses()) {
    const int machine = world.machine_at(address);
    if (std::binary_search(machines.begin(), machines.end(), machine)) {
      names.insert(naive.machine(address));
    }
  }
  return names;
}

/// Every step of a path is possible, and each begins where the former ended.
bool is_path(const Enumerator& naive, const std::vector<Hop>& path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (i > 0 && path[i].from != path[i - 1].to) return false;
    const Region& region = path[i].region;
    if (region.empty()) return false;
    for (std::size_t from = 0; from < naive.addresses().size(); ++from) {
      for (std::size_t to = 0; to < naive.addresses().size(); ++to) {
        if (!region.from.contains(naive.addresses()[from])) continue;
        if (!region.to.contains(naive.addresses()[to])) continue;
        for (std::size_t service = 0; service < naive.services().size(); ++service) {
          if (!region.services.contains(naive.services()[service])) continue;
          if (!naive.arrives(from, to, service)) return false;
        }
      }
    }
  }
  return true;
}

/// How often the world's openings differ from the enumerator's.
int wrong_openings(const World& world, const Enumerator& naive) {
  int wrong = 0;
  for (std::size_t from = 0; from < naive.addresses().size(); ++from) {
    for (std::size_t to = 0; to < naive.addresses().size(); ++to) {
      const Address& source = naive.addresses()[from];
      const Address& target = naive.addresses()[to];
      if (source.family() != target.family()) continue;
      for (std::size_t service = 0; service < naive.services().size(); ++service) {
        const bool open =
            std::any_of(world.openings().begin(), world.openings().end(), [&](const Opening& one) {
              return one.region.from.contains(source) && one.region.to.contains(target) &&
                     one.region.services.contains(naive.services()[service]);
            });
        wrong += open != naive.arrives(from, to, service);
      }
    }
  }
  return wrong;
}

int wrong_reach(const World& world, const Enumerator& naive) {
  const Prover prover(world);
  int wrong = 0;
  for (const Address& start : naive.addresses()) {
    const std::vector<int> reached = prover.reach(single(start));
    const std::set<std::string> closure = naive.closure({naive.machine(start)});
    wrong += names_of(world, naive, reached) != closure;
    // From this address to others, of which some are the same machine's.
    for (std::size_t goal = static_cast<std::size_t>(&start - naive.addresses().data()) % 5;
         goal < naive.addresses().size(); goal += 5) {
      const Address& target = naive.addresses()[goal];
      if (target == start) continue;
      wrong += prover.path(single(start), single(target), all_services()).reachable !=
               closure.contains(naive.machine(target));
    }
    wrong += leads_out(world, reached) != kNobody;
  }
  return wrong;
}

/// A question from one segment to another, as the enumerator answers it.
struct Question {
  std::string from;
  std::string to;
  bool direct = false;  ///< by one opening
  bool chain = false;   ///< by any number of them
};

std::vector<std::size_t> places_in(const Enumerator& naive, const std::string& segment) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < naive.addresses().size(); ++i) {
    if (naive.in_segment(naive.addresses()[i], segment)) places.push_back(i);
  }
  return places;
}

bool arrives_at_all(const Enumerator& naive, std::size_t from, std::size_t to) {
  for (std::size_t service = 0; service < naive.services().size(); ++service) {
    if (naive.arrives(from, to, service)) return true;
  }
  return false;
}

Question answered(const Enumerator& naive, const std::string& a, const std::string& b) {
  Question question{.from = a, .to = b};
  const auto sources = places_in(naive, a);
  const auto targets = places_in(naive, b);
  std::set<std::string> start;
  for (const std::size_t from : sources) {
    start.insert(naive.machine(naive.addresses()[from]));
    question.direct = question.direct ||
                      std::any_of(targets.begin(), targets.end(),
                                  [&](std::size_t to) { return arrives_at_all(naive, from, to); });
  }
  const auto reached = naive.closure(start);
  question.chain = std::any_of(targets.begin(), targets.end(), [&](std::size_t to) {
    return reached.contains(naive.machine(naive.addresses()[to]));
  });
  return question;
}

/// In words: what the prover answers differently, or with a proof that does not hold.
std::vector<std::string> wrong_answers(const World& world, const Prover& prover,
                                       const Enumerator& naive, const Question& question) {
  const AddressSet& source = world.segment_addresses(world.find_segment(question.from));
  const AddressSet& target = world.segment_addresses(world.find_segment(question.to));
  std::vector<std::string> wrong;
  const auto need = [&](bool holds, const std::string& what) {
    if (!holds) wrong.push_back(question.from + " -> " + question.to + ": " + what);
  };
  const Answer path = prover.path(source, target, all_services());
  need(path.reachable == question.chain,
       path.reachable ? "a chain that is none: " + describe_path(world, path.path)
                      : "a chain is not found");
  if (path.reachable) {
    need(is_path(naive, path.path), "no such way: " + describe_path(world, path.path));
  } else {
    const int leak = leads_out(world, path.closed);
    need(leak == kNobody, "the closed set is left by opening " + std::to_string(leak));
  }
  need(prover.opening(source, target, all_services()).reachable == question.direct,
       question.direct ? "an opening is not found" : "an opening that is none");
  return wrong;
}

std::vector<std::string> wrong_answers(const World& world, const Enumerator& naive) {
  const Prover prover(world);
  std::vector<std::string> wrong;
  for (const Segment& a : world.model().segments) {
    for (const Segment& b : world.model().segments) {
      if (a.name == b.name) continue;
      const auto found = wrong_answers(world, prover, naive, answered(naive, a.name, b.name));
      wrong.insert(wrong.end(), found.begin(), found.end());
    }
  }
  return wrong;
}

int wrong_town_answers(const World& world, const Enumerator& naive) {
  const Prover prover(world);
  int wrong = 0;
  for (const Segment& segment : world.model().segments) {
    if (!segment.per_town) continue;
    bool expected = false;
    for (const int town : {0, 1}) {
      std::set<std::string> own;
      std::set<std::string> others;
      for (const Address& address : naive.addresses()) {
        if (!naive.in_segment(address, segment.name)) continue;
        (naive.town_of(address) == town ? own : others).insert(naive.machine(address));
      }
      for (const std::string& reached : naive.closure(own)) {
        expected = expected || others.contains(reached);
      }
    }
    const Selection towns = *world.resolve(std::vector<std::string>{segment.name});
    wrong += prover.between_towns(towns, towns, all_services()).reachable != expected;
  }
  return wrong;
}

}  // namespace

TEST_CASE("the prover agrees with enumeration on random networks", "[walls]") {
  for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
    Model model = ModelMaker(seed).make();
    rearrange(model, seed);
    const auto world = World::build(model);
    CAPTURE(seed, world.ok() ? "" : world.error().detail);
    REQUIRE(world.ok());
    const Enumerator naive(world->model());
    REQUIRE(wrong_openings(*world, naive) == 0);
    REQUIRE(wrong_reach(*world, naive) == 0);
    const auto wrong = wrong_answers(*world, naive);
    CAPTURE(wrong);
    REQUIRE(wrong.empty());
    REQUIRE(wrong_town_answers(*world, naive) == 0);
  }
}

TEST_CASE("a way is told step by step, and what proves that there is none", "[walls]") {
  Model model;
  const auto add_segment = [&](const std::string& name, SegmentKind kind, const std::string& net) {
    model.segments.push_back({.name = name,
                              .kind = kind,
                              .prefixes = {*Prefix::parse(net)},
                              .open_inside = name != "core"});
  };
  add_segment("internet", SegmentKind::kInternet, "10.0.1.0/24");
  add_segment("office", SegmentKind::kInternal, "10.0.2.0/24");
  add_segment("core", SegmentKind::kCore, "10.0.3.0/24");
  model.flows = {
      {.id = "mail", .from = {"internet"}, .to = {"office"}, .services = *parse_service("tcp/25")},
      {.id = "ask", .from = {"10.0.2.7"}, .to = {"core"}, .services = *parse_service("tcp/5701")}};
  const World world = *World::build(model);
  const Prover prover(world);
  const AddressSet& internet = world.segment_addresses(0);
  const AddressSet& core = world.segment_addresses(2);
  const Answer way = prover.path(internet, core, all_services());
  REQUIRE(way.reachable);
  CHECK(describe_path(world, way.path) ==
        "others in internet -(mail tcp/25)-> others in office -(ask tcp/5701)-> others in core");
  CHECK_FALSE(prover.path(internet, core, *parse_service("tcp/22")).reachable);
  const Answer none = prover.path(core, internet, all_services());
  CHECK_FALSE(none.reachable);
  CHECK(summary(world, none.closed) == std::vector<std::string>{"others in core"});
  CHECK(leads_out(world, none.closed) == kNobody);
  CHECK(leads_out(world, {world.machine_at(*Address::parse("10.0.2.1"))}) != kNobody);
  CHECK(prover.path(internet, internet, all_services()).about_nobody);
  // Who takes over one unnamed address of a walled segment may take any other of them.
  const Answer same = prover.path(single(*Address::parse("10.0.3.1")),
                                  single(*Address::parse("10.0.3.2")), all_services());
  CHECK(same.reachable);
  CHECK(same.path.empty());
  CHECK(same.itself == world.machine_at(*Address::parse("10.0.3.2")));
}
