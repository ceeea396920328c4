// The shared centre as it is deployed, with its programs, databases and business systems each on
// a host of its own: what the rules and the programs' own doors let through, and what not.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "apps/common/text_table.hpp"
#include "nakadachi/admin/client.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/net/walls/centre.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

constexpr std::uint32_t kPatienceS = 240;

std::string_view name_of(exchange::Outcome outcome) {
  constexpr std::array<std::pair<exchange::Outcome, std::string_view>, 6> kNames = {{
      {exchange::Outcome::kAnswered, "answered"},
      {exchange::Outcome::kAnsweredInPart, "answered_in_part"},
      {exchange::Outcome::kNoData, "no_data"},
      {exchange::Outcome::kProviderHoldsNoSymbol, "provider_holds_no_symbol"},
      {exchange::Outcome::kRefused, "refused"},
      {exchange::Outcome::kLapsed, "lapsed"},
  }};
  for (const auto& [one, name] : kNames) {
    if (one == outcome) return name;
  }
  return "";
}

/// What the provider has registered about whom a question is about.
std::map<std::uint16_t, std::string> registered(const apps::DemoPool& pool,
                                                const apps::DemoResidents::PlannedQuery& planned) {
  std::map<std::uint16_t, std::string> items;
  for (const auto& copy : pool.residents().copies()) {
    if (pool.systems()[copy.institution].institution != planned.subject.provider ||
        copy.kind != planned.subject.kind ||
        Centre::person_of(copy.person) != Centre::person_of(planned.person)) {
      continue;
    }
    for (const auto& item : copy.content.items) items.emplace(item.number, item.value);
  }
  return items;
}

/// Each question was told its outcome, once and as planned; the outcomes there were.
std::set<std::string> check_told(Centre& centre, const std::vector<Centre::Question>& questions,
                                 const std::vector<apps::ProgramEnd>& ends) {
  std::set<std::string> outcomes;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto& planned = questions[i].planned;
    CAPTURE(i, planned.system, ends[i].output, ends[i].complaint);
    REQUIRE_FALSE(ends[i].output.empty());
    const auto told = nlohmann::json::parse(ends[i].output);
    CHECK(told["key"] == to_hex(questions[i].key.view()));
    CHECK(told["outcome"] == std::string(name_of(planned.expected)));
    outcomes.insert(told["outcome"].get<std::string>());
    const bool has_answer = exchange::has_answer(planned.expected);
    CHECK(ends[i].status == (has_answer ? 0 : 1));
    CHECK(told["items"].empty() == !has_answer);
    const auto known = registered(centre.pool(), planned);
    for (const auto& item : told["items"]) {
      const auto found = known.find(item["number"].get<std::uint16_t>());
      REQUIRE(found != known.end());
      CHECK(item["value"] == found->second);
    }
  }
  return outcomes;
}

/// The lines of a program's log that tell of `event`.
std::vector<std::string> told_by(Centre& centre, const std::string& program,
                                 const std::string& event) {
  const auto text = apps::read_file(centre.pool().directory() + "/" + program + ".log");
  REQUIRE(text.ok());
  std::vector<std::string> lines;
  for (const std::string_view line : apps::split(*text, '\n')) {
    if (line.find("\"" + event + "\"") != std::string_view::npos) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("exchanges pass the walls of the shared centre, and not without their flow", "[walls]") {
  if (!labs_possible()) return;
  Centre centre(Centre::Rules::kProbed, 40);
  CHECK(centre.drifted(centre.model()).empty());

  auto questions = centre.questions(100, 0);
  const auto ends = centre.ask_all(questions, kPatienceS);
  const auto outcomes = check_told(centre, questions, ends);
  CHECK(outcomes.size() >= 4);
  CHECK(outcomes.contains("answered"));
  CHECK(centre.rows(storage::Step::kConcluded) == questions.size());
  CHECK(centre.drifted(centre.model()).empty());
  for (const char* host :
       {"node1", "gateway", "postgres", "operator1", "towns_wall", "inner_wall", "national_wall"}) {
    CAPTURE(host);
    auto packets = centre.counters(host);
    CHECK(packets.at("denied") == 0);
    CHECK(packets.at("forged") == 0);
    CHECK(packets.at("invalid") == 0);
  }
  auto packets = centre.counters("node1");
  CHECK(packets.at("flow_oltp") >= questions.size());
  CHECK(packets.at("flow_sql") > 0);
  CHECK(packets.at("flow_link") > 0);
  CHECK(packets.at("over_oltp") == 0);

  // Asked once more: the same outcome, and no second exchange.
  std::vector<Centre::Question> again(questions.begin(), questions.begin() + 10);
  check_told(centre, again, centre.ask_all(again, kPatienceS));
  CHECK(centre.rows(storage::Step::kConcluded) == questions.size());

  // Without the flow to the gateway; what is connected stays so, hence a new start of the node.
  const std::string without = centre.model_without("link");
  centre.apply(without);
  CHECK(centre.drifted(without).empty());
  CHECK(centre.drifted(centre.model()).size() >= 3);  // node, gateway and the wall between them
  centre.pool().node().stop();
  REQUIRE(centre.pool().reopen().ok());
  const auto asked = centre.rows(storage::Step::kAsked);
  const auto provided = centre.rows(storage::Step::kProvided);
  // What the core refuses after it was asked twice is known when it has lapsed only.
  auto waiting = centre.questions(40, 1'000);
  std::erase_if(waiting, [](const Centre::Question& question) {
    return question.planned.expected != exchange::Outcome::kAnswered;
  });
  waiting.erase(waiting.begin() + 6, waiting.end());
  for (const apps::ProgramEnd& end : centre.ask_all(waiting, 4)) {
    CAPTURE(end.output, end.complaint);
    CHECK(end.status == 1);
    CHECK(end.output.empty());
    CHECK_THAT(end.complaint, Catch::Matchers::ContainsSubstring("ask again with --key"));
  }
  CHECK(centre.rows(storage::Step::kAsked) == asked + waiting.size());
  CHECK(centre.rows(storage::Step::kProvided) == provided);
  CHECK(centre.rows(storage::Step::kConcluded) == questions.size());
  CHECK(centre.counters("node1").at("denied") > 0);

  // With it again all have their outcome, each once.
  centre.apply(centre.model());
  check_told(centre, waiting, centre.ask_all(waiting, kPatienceS));
  CHECK(centre.rows(storage::Step::kConcluded) == questions.size() + waiting.size());
  CHECK(centre.rows(storage::Step::kAsked) == asked + waiting.size());
}

TEST_CASE("the shared centre works by IPv6 alone", "[walls]") {
  if (!labs_possible()) return;
  Centre centre(Centre::Rules::kLoaded, 12, Family::kIpv6);
  CHECK(centre.pool().oltp_endpoint() == "tcp://[fd6e:616b:1::11]:5701");
  auto questions = centre.questions(20, 0);
  check_told(centre, questions, centre.ask_all(questions, kPatienceS));
  CHECK(centre.rows(storage::Step::kConcluded) == questions.size());
  CHECK(centre.drifted(centre.model()).empty());
  CHECK(centre.counters("node1").at("denied") == 0);
}

TEST_CASE("node and gateway refuse good keys from wrong places where no rules are loaded",
          "[walls]") {
  if (!labs_possible()) return;
  Centre centre(Centre::Rules::kNone, 6);
  apps::DemoPool& pool = centre.pool();
  auto question = centre.questions(1, 0).front();
  const std::string town = pool.towns()[question.planned.system / 2].code.text();
  const auto refused_at = [&](const std::string& program, const std::string& door) {
    std::string all;
    CHECK(socket::helpers::eventually([&] {
      for (const std::string& line : told_by(centre, program, "door_refused")) {
        if (line.find("\"door\":\"" + door + "\"") != std::string::npos) all += line;
      }
      return !all.empty();
    }));
    return all;
  };
  using Catch::Matchers::ContainsSubstring;

  // A business system's key beside its own machine, in its own town.
  const auto beside = centre.ask(question, "others in business@" + town, 3);
  CHECK(beside.status == 1);
  CHECK(beside.output.empty());
  CHECK_THAT(refused_at("node", "oltp"), ContainsSubstring("\"last_address\":\"10.64."));
  check_told(centre, {question}, {centre.ask(question, "business_systems@" + town, kPatienceS)});

  // The key of a town's staff in the town, but not at a machine of theirs.
  const auto list_held = [&](const std::string& from) {
    return centre.at(from, [&] {
      const auto staff = admin::Client::connect({.endpoint = pool.admin_endpoint(),
                                                 .server_key = pool.oltp_key(),
                                                 .keys = pool.systems()[0].staff_keys,
                                                 .give_up_after_ms = 3'000});
      REQUIRE(staff.ok());
      return (*staff)->ask(
          {.institution = pool.systems()[0].institution, .command = wire::ListHeld{}});
    });
  };
  CHECK_FALSE(list_held("others in business@" + town).ok());
  CHECK_THAT(refused_at("node", "admin"), ContainsSubstring("\"last_address\":\"10.64."));
  CHECK(list_held("staff_terminals@" + town).ok());

  // The node's key at the gateway, from a neighbour of the node. The node itself is connected.
  const auto key_of = [&](const char* name) {
    const auto keys = socket::CurveKeyPair::load(pool.directory() + "/" + name);
    REQUIRE(keys.ok());
    return *keys;
  };
  centre.at("others in core", [&] {
    const socket::helpers::Caller thief(
        "tcp://10.1.3.11:5702", key_of("gateway.curve").public_key(), key_of("node-link.curve"));
    CHECK_THAT(refused_at("gateway", "link"), ContainsSubstring("\"last_address\":\"10.1.1."));
    CHECK_FALSE(thief.connected());
  });
}

TEST_CASE("node and gateway do not start at their hosts without a flow they need", "[walls]") {
  if (!labs_possible()) return;
  Centre centre(Centre::Rules::kNone, 2);
  centre.pool().node().stop();
  centre.pool().gateway().stop();
  const auto start = [&](const std::string& program, const std::string& flow) {
    const std::string config = centre.pool().directory() + "/" + program + ".toml";
    const auto text = apps::read_file(config);
    REQUIRE(text.ok());
    std::string changed = *text;
    const std::size_t at = changed.find(centre.model());
    REQUIRE(at != std::string::npos);
    changed.replace(at, centre.model().size(), centre.model_without(flow));
    REQUIRE(apps::write_private_file(config, changed).ok());
    const auto end = centre.at(program == "node" ? "node1" : program, [&] {
      return apps::run_program(
          {std::string(NAKADACHI_BIN_DIR) + "/nakadachi", program, "--config", config}, "");
    });
    REQUIRE(apps::write_private_file(config, *text).ok());
    REQUIRE(end.ok());
    CHECK(end->status == 1);
    return end->complaint;
  };
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(
      start("node", "sql"),
      ContainsSubstring("database.train = tcp://10.1.2.11:5432: no flow leads from 10.1.1.11"));
  CHECK_THAT(start("node", "oltp"),
             ContainsSubstring("oltp.endpoint = tcp://10.1.1.11:5701: no flow leads to tcp/5701"));
  CHECK_THAT(start("gateway", "national"),
             ContainsSubstring("national.endpoint = tcp://10.1.4.11:5703: no flow leads from"));
  // With the model as it is it comes up again.
  REQUIRE(centre.pool().reopen().ok());
}
