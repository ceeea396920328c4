// Rules in a live kernel: every change by hand is found and named, and a change that nobody
// confirms is undone whoever has died meanwhile.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "apps/common/live_walls.hpp"
#include "apps/common/network_namespace.hpp"
#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/net/walls/connections.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;
using std::chrono::seconds;

namespace {

std::string rules_named(const World& world, const std::string& name) {
  return rule_texts(world, compile(world, {})).at(name);
}

void nft(const std::string& commands) {
  const auto end = apps::run_program({"/usr/sbin/nft", "-f", "-"}, commands);
  REQUIRE(end.ok());
  CAPTURE(commands, end->complaint);
  REQUIRE(end->status == 0);
}

std::vector<std::string> names_of(const std::vector<Drift>& drifts) {
  std::vector<std::string> names;
  names.reserve(drifts.size());
  for (const Drift& drift : drifts) {
    names.push_back(std::string(name_of(drift.kind)) + " " + drift.object + " [" + drift.flow +
                    "]");
  }
  return names;
}

/// Differences of what is loaded here from `rules`.
std::vector<std::string> drift_from(const std::string& rules) {
  const auto expected = apps::list_as_if(rules);
  const auto live = apps::list_walls();
  REQUIRE(expected.ok());
  REQUIRE(live.ok());
  return names_of(compare(*expected, *live));
}

template <class Condition>
bool becomes(Condition condition, seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

bool becomes_same(const std::string& rules, seconds patience) {
  return becomes([&] { return drift_from(rules).empty(); }, patience);
}

/// A host of its own where `former` is loaded and `next` may follow.
struct ChangedHost {
  ChangedHost() : space(apps::NetworkNamespace::create()) {
    REQUIRE(space.ok());
    space->inside([&] { nft(former); });
  }
  std::string file(const char* name) const { return folder.file(name); }
  /// A file that the watcher does not hold: as if it had died, or another change came after its.
  void replace_pending() const {
    std::filesystem::copy(file("pending"), file("copy"));
    std::filesystem::rename(file("copy"), file("pending"));
  }

  std::string former = rules_named(world_of_preset("fig3_6", 1), "demarcation");
  std::string next = rules_named(world_of_preset("fig3_6", 1), "business_wall");
  Result<apps::NetworkNamespace> space;
  nakadachi::testing::TempFolder folder;
  apps::RuleChange change{folder.path().string(), file("kept.nft")};
};

struct Change {
  std::string by_hand;
  std::string drift;
};

/// What can be changed of rules and elements.
std::vector<Change> changes_of_contents() {
  const std::string table = " inet nakadachi_walls ";
  const std::string key = "10.64.0.10 . 10.1.0.5 . tcp . 5701";
  const std::string anew = "flush chain" + table + "forward_oltp\nadd rule" + table +
                           "forward_oltp meta time >= 1806505200 goto deny\n";
  const std::string known = "add rule" + table + "forward_oltp ct state established accept\n";
  const std::string counted = "add rule" + table + "forward_oltp counter name flow_oltp ";
  return {
      {"add rule" + table + "forward_oltp ip saddr 10.0.0.1 accept",
       "rule_added chain forward_oltp [oltp]"},
      {"insert rule" + table + "forward tcp dport 22 accept", "rule_added chain forward []"},
      {anew + known, "rule_missing chain forward_oltp [oltp]"},
      {anew + known + counted + "drop", "rule_changed chain forward_oltp [oltp]"},
      {"flush chain" + table + "from_where\nadd rule" + table +
           "from_where fib saddr . iif oif missing goto drop_forged\nadd rule" + table +
           "from_where ip6 saddr :: accept",
       "rules_reordered chain from_where []"},
      {"add element" + table +
           "exact4_forward { 10.64.0.11 . 10.1.0.5 . tcp . 22 : goto forward_oltp }",
       "element_added map exact4_forward [oltp]"},
      {"delete element" + table + "exact4_forward { " + key + " }",
       "element_missing map exact4_forward [oltp]"},
      {"delete element" + table + "exact4_forward { " + key + " }\nadd element" + table +
           "exact4_forward { " + key + " : accept }",
       "element_changed map exact4_forward [oltp]"},
      {"add element" + table + "bound4 { 10.1.0.77 }", "element_added set bound4 []"},
      {"delete element" + table + "mac4 { 10.1.0.5 . 02:00:00:00:00:05 }",
       "element_missing set mac4 []"},
      {"add element" + table + "bound4 { 10.1.0.77 comment \"a } b, { c\" }",
       "element_added set bound4 []"},
      {"add element" + table +
           "exact4_forward "
           "{ 10.64.0.11 . 10.1.0.5 . tcp . 22 comment \"{\" : goto forward_oltp }",
       "element_added map exact4_forward [oltp]"},
      {"add rule" + table + "deny accept comment \"x {\"", "rule_added chain deny []"},
  };
}

/// And of tables, chains and whatever else stands in them.
std::vector<Change> changes_of_objects() {
  const std::string table = " inet nakadachi_walls ";
  return {
      {"add chain" + table + "forward { policy accept; }", "policy_changed chain forward []"},
      {"add chain" + table + "early { type filter hook forward priority -10; policy accept; }",
       "object_added chain early []"},
      {"add set" + table + "more { type ipv4_addr; }", "object_added set more []"},
      {"delete chain" + table + "from_where", "object_missing chain from_where []"},
      {"delete chain" + table + "from_where\nadd chain" + table +
           "from_where { type filter hook prerouting priority -10; policy accept; }\nadd rule" +
           table + "from_where ip6 saddr :: accept\nadd rule" + table +
           "from_where fib saddr . iif oif missing goto drop_forged",
       "object_changed chain from_where []"},
      {"add table inet other\nadd chain inet other early { type filter hook forward priority -10; "
       "}",
       "foreign_chain table inet other chain early []"},
      {"add table ip nat\nadd chain ip nat pre { type nat hook prerouting priority -100; }",
       "foreign_chain table ip nat chain pre []"},
      {"add table arp other\nadd chain arp other in { type filter hook input priority 0; }",
       "foreign_chain table arp other chain in []"},
      {"add table bridge other\nadd chain bridge other in { type filter hook input priority 0; }",
       "foreign_chain table bridge other chain in []"},
      {"add table netdev other\nadd chain netdev other in "
       "{ type filter hook ingress device lo priority 0; }",
       "foreign_chain table netdev other chain in []"},
      {"add chain" + table + "early { type filter hook ingress device lo priority 0; }",
       "object_added chain early []"},
      {"add set" + table +
           "more { type ipv4_addr; flags timeout; elements = "
           "{ 10.1.0.7 timeout 1h } }",
       "object_added set more []"},
      {"add quota" + table + "more { over 1 mbytes }", "object_added quota more []"},
      {"add ct helper" + table + "more { type \"ftp\" protocol tcp; }",
       "object_added ct helper more []"},
      {"add chain" + table +
           "forward { type filter hook forward priority 0; policy drop; }\n"
           "insert rule" +
           table + "from_where notrack",
       "rule_added chain from_where []"},
      {"add table" + table + "{ flags dormant; }", "table_changed table inet nakadachi_walls []"},
      {"delete table" + table, "table_missing table inet nakadachi_walls []"},
  };
}

std::vector<Change> changes() {
  std::vector<Change> all = changes_of_contents();
  for (Change& change : changes_of_objects()) all.push_back(std::move(change));
  return all;
}

}  // namespace

TEST_CASE("every change by hand is found and named", "[walls]") {
  if (!labs_possible()) return;
  const std::string rules = rules_named(world_of(kSoundWalls), "wall");
  std::set<std::string> kinds;
  for (const Change& change : changes()) {
    kinds.insert(change.drift.substr(0, change.drift.find(' ')));
    const auto space = apps::NetworkNamespace::create();
    REQUIRE(space.ok());
    space->inside([&] {
      CAPTURE(change.by_hand);
      nft(rules);
      REQUIRE(drift_from(rules).empty());
      nft(change.by_hand);
      CHECK(drift_from(rules) == std::vector<std::string>{change.drift});
    });
  }
  for (std::size_t kind = 0; kind <= static_cast<std::size_t>(Drift::Kind::kForeignChain); ++kind) {
    CAPTURE(name_of(static_cast<Drift::Kind>(kind)));
    CHECK(kinds.contains(std::string(name_of(static_cast<Drift::Kind>(kind)))));
  }
}

TEST_CASE("a limit that was lifted for one town by hand is found", "[walls]") {
  if (!labs_possible()) return;
  Model model = world_of(kSoundWalls).model();
  model.flows[0].limit = {.new_per_second = 20, .connections = 50};
  const std::string rules = rules_named(*World::build(model), "wall");
  const std::string add = "add element inet nakadachi_walls ";
  const std::vector<Change> lifted = {
      {add + "rate4_forward_oltp { 10.64.0.0 limit rate over 9000/second burst 40 packets }",
       "element_changed set rate4_forward_oltp [oltp]"},
      {add + "rate6_forward_oltp { fd00:64:: limit rate over 20/second burst 90 packets }",
       "element_changed set rate6_forward_oltp [oltp]"},
      {add + "open4_forward_oltp { 10.64.0.0 ct count over 5000 }",
       "element_changed set open4_forward_oltp [oltp]"},
      {add + "open4_forward_oltp { 10.64.0.0 }", "element_changed set open4_forward_oltp [oltp]"},
  };
  for (const Change& change : lifted) {
    const auto space = apps::NetworkNamespace::create();
    REQUIRE(space.ok());
    space->inside([&] {
      CAPTURE(change.by_hand);
      nft(rules);
      nft(add + "rate4_forward_oltp { 10.64.1.0 limit rate over 20/second burst 40 packets }");
      nft(add + "open4_forward_oltp { 10.64.1.0 ct count over 50 }");
      REQUIRE(drift_from(rules).empty());
      nft(change.by_hand);
      CHECK(drift_from(rules) == std::vector<std::string>{change.drift});
    });
  }
}

TEST_CASE("what packets do to counters and limits is no drift", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 1);
  auto lab = Lab::build(Layout(world, {0}, {}));
  REQUIRE(lab.ok());
  const auto texts = rule_texts(world, compile(world, {}));
  REQUIRE(lab->load(texts).ok());
  std::mt19937 random(1);
  const auto services = services_to_probe(world.model(), 0, random);
  CHECK(observe(*lab, every_pair(lab->layout(), services)).arrived > 0);
  for (int box = 0; box < static_cast<int>(lab->layout().boxes().size()); ++box) {
    const auto rules = texts.find(lab->layout().boxes()[static_cast<std::size_t>(box)].rules);
    if (rules == texts.end()) continue;
    CAPTURE(rules->first);
    CHECK(lab->inside(box, [&] { return drift_from(rules->second); }).empty());
  }
}

TEST_CASE("a change that is not confirmed is undone, and one that is stays", "[walls]") {
  if (!labs_possible()) return;
  const std::string former = rules_named(world_of_preset("fig3_6", 1), "demarcation");
  const std::string next = rules_named(world_of_preset("fig3_6", 1), "business_wall");
  const auto space = apps::NetworkNamespace::create();
  REQUIRE(space.ok());
  const nakadachi::testing::TempFolder folder;
  const apps::RuleChange change(folder.path().string(), folder.file("kept.nft"));
  space->inside([&] {
    // From nothing, and back to nothing.
    REQUIRE(change.apply(former, seconds(1)).ok());
    CHECK(drift_from(former).empty());
    CHECK_FALSE(drift_from(next).empty());
    CHECK(change.apply(next, seconds(1)).error().code == ErrorCode::kWallsPending);
    std::this_thread::sleep_for(seconds(2));
    CHECK(apps::list_walls()->empty());
    CHECK_THAT(change.confirm().error().detail, Catch::Matchers::ContainsSubstring("too late"));
    // Confirmed.
    REQUIRE(change.apply(former, seconds(1)).ok());
    REQUIRE(change.confirm().ok());
    std::this_thread::sleep_for(seconds(2));
    CHECK(drift_from(former).empty());
    CHECK_THAT(change.confirm().error().detail, Catch::Matchers::ContainsSubstring("no change"));
    // Back to what was confirmed, by itself and at once.
    REQUIRE(change.apply(next, seconds(1)).ok());
    CHECK(drift_from(next).empty());
    CHECK(becomes_same(former, seconds(5)));
    REQUIRE(change.apply(next, seconds(60)).ok());
    REQUIRE(change.roll_back().ok());
    CHECK(drift_from(former).empty());
    // What nft refuses changes nothing and leaves nothing to confirm.
    CHECK(change.apply("table inet nakadachi_walls { nonsense }", seconds(60)).error().code ==
          ErrorCode::kWallsNotApplied);
    CHECK(drift_from(former).empty());
    CHECK(change.confirm().error().code == ErrorCode::kWallsPending);
  });
}

TEST_CASE("a deadline or a rollback during the load comes after it", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  host.space->inside([&] {
    REQUIRE(host.change.apply(host.next, seconds(0)).ok());
    CHECK(becomes_same(host.former, seconds(10)));
    CHECK_THAT(host.change.confirm().error().detail,
               Catch::Matchers::ContainsSubstring("too late"));
    const pid_t other = fork();
    if (other == 0) _exit(host.change.apply(host.next, seconds(60)).ok() ? 0 : 1);
    // From before the change waits.
    CHECK(becomes([&] { return host.change.roll_back().ok(); }, seconds(60)));
    int status = -1;
    waitpid(other, &status, 0);
    CHECK(status == 0);
    CHECK(drift_from(host.former).empty());
  });
}

TEST_CASE("who watched a change that was undone leaves the next one alone", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  host.space->inside([&] {
    REQUIRE(host.change.apply(host.next, seconds(1)).ok());
    host.replace_pending();
    std::this_thread::sleep_for(seconds(2));
    CHECK(drift_from(host.next).empty());
    CHECK(std::filesystem::exists(host.file("pending")));
    REQUIRE(host.change.roll_back().ok());
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    CHECK(host.change.confirm().ok());
  });
}

TEST_CASE("a change that could not begin leaves nothing to wait for", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  host.space->inside([&] {
    const std::filesystem::path in_the_way = host.file("former.nft.new");
    std::filesystem::create_directory(in_the_way);
    CHECK(host.change.apply(host.next, seconds(60)).error().code == ErrorCode::kFileProblem);
    std::filesystem::remove(in_the_way);
    CHECK(drift_from(host.former).empty());
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    CHECK(host.change.confirm().ok());
  });
}

TEST_CASE("a change that nobody watches is neither confirmed nor followed by another", "[walls]") {
  using Catch::Matchers::ContainsSubstring;
  if (!labs_possible()) return;
  const ChangedHost host;
  host.space->inside([&] {
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    CHECK_THAT(host.change.apply(host.former, seconds(60)).error().detail,
               ContainsSubstring("confirm the former change"));
    host.replace_pending();
    for (const auto& refused :
         {host.change.confirm(), host.change.apply(host.former, seconds(60))}) {
      CHECK(refused.error().code == ErrorCode::kWallsPending);
      CHECK_THAT(refused.error().detail, ContainsSubstring("nobody watches") &&
                                             ContainsSubstring("rollback") &&
                                             ContainsSubstring(host.file("pending")));
    }
    CHECK(host.change.roll_back().ok());
    CHECK(drift_from(host.former).empty());
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    CHECK(host.change.confirm().ok());
  });
}

TEST_CASE("a rollback that failed can be tried again, and says so", "[walls]") {
  using Catch::Matchers::ContainsSubstring;
  if (!labs_possible()) return;
  const ChangedHost host;
  const std::string kept = host.file("former.nft");
  const std::string away = host.file("away");
  host.space->inside([&] {
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    std::filesystem::rename(kept, away);
    CHECK(host.change.roll_back().error().code == ErrorCode::kFileProblem);
    std::filesystem::rename(away, kept);
    CHECK(host.change.roll_back().ok());
    CHECK(drift_from(host.former).empty());
    // Nobody confirms, and what was there before cannot be read.
    REQUIRE(host.change.apply(host.next, seconds(1)).ok());
    std::filesystem::rename(kept, away);
    REQUIRE(
        becomes([&] { return std::filesystem::exists(host.file("rolled_back")); }, seconds(20)));
    CHECK_THAT(host.change.confirm().error().detail,
               ContainsSubstring("cannot be loaded") && ContainsSubstring("rollback"));
    CHECK(drift_from(host.next).empty());
    std::filesystem::rename(away, kept);
    static_cast<void>(host.change.roll_back());  // unless the watcher was first
    CHECK(drift_from(host.former).empty());
  });
}

TEST_CASE("rules with sets that packets have filled come back as they were", "[walls]") {
  if (!labs_possible()) return;
  struct Case {
    World world;
    const char* from;  ///< in a town that is counted as 10.64.0.0
    const char* listens;
    std::uint16_t listens_at;
    const char* called;
    std::uint16_t called_at;
  };
  const Case cases[] = {
      {world_of_preset("shared_centre", 1), "10.64.0.10", "10.1.1.11", 5701, "10.1.1.11", 5701},
      {world_of(kTranslatedWalls), "10.64.0.255", "10.1.0.5", 8443, "192.0.2.1", 443}};
  const std::string next = rules_named(world_of_preset("fig3_6", 1), "demarcation");
  const nakadachi::testing::TempFolder folder;
  for (const Case& one : cases) {
    auto lab = Lab::build(Layout(one.world, {0}, {}));
    REQUIRE(lab.ok());
    const auto texts = rule_texts(one.world, compile(one.world, {}));
    REQUIRE(lab->load(texts).ok());
    const auto listening = listen_at(*lab, *Address::parse(one.listens), one.listens_at);
    const auto open =
        connect_to(*lab, *Address::parse(one.from), *Address::parse(one.called), one.called_at);
    REQUIRE(open.has_value());
    std::size_t filled = 0;
    for (std::size_t place = 0; place < lab->layout().boxes().size(); ++place) {
      const Box& box = lab->layout().boxes()[place];
      if (box.rules.empty()) continue;
      lab->inside(static_cast<int>(place), [&] {
        CAPTURE(one.world.model().name, box.name);
        const auto listed = apps::run_program({"/usr/sbin/nft", "list", "ruleset"}, "");
        REQUIRE(listed.ok());
        if (listed->output.find("10.64.0.0 limit rate over") == std::string::npos ||
            listed->output.find("10.64.0.0 ct count over") == std::string::npos) {
          return;
        }
        ++filled;
        const apps::RuleChange change(folder.file(one.world.model().name + box.name),
                                      folder.file("kept.nft"));
        REQUIRE(change.apply(next, seconds(60)).ok());
        CHECK_FALSE(drift_from(texts.at(box.rules)).empty());
        const auto back = change.roll_back();
        INFO((back ? "" : describe(back.error())));
        CHECK(back.ok());
        CHECK(drift_from(texts.at(box.rules)).empty());
      });
    }
    CHECK(filled >= 2);  // a wall and the host behind it
  }
}

TEST_CASE("what is confirmed, and only that, is what the next start loads", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  const auto kept = [&] { return *apps::read_file(host.file("kept.nft")); };
  host.space->inside([&] {
    REQUIRE(host.change.apply(host.next, seconds(60)).ok());
    CHECK_FALSE(std::filesystem::exists(host.file("kept.nft")));
    CHECK(host.change.keep(host.next).error().code == ErrorCode::kWallsPending);
    REQUIRE(host.change.confirm().ok());
    CHECK(kept() == host.next);
    // What is undone leaves it alone, and so does what cannot be kept.
    REQUIRE(host.change.apply(host.former, seconds(60)).ok());
    std::filesystem::create_directory(host.file("kept.nft.new"));
    CHECK(host.change.confirm().error().code == ErrorCode::kFileProblem);
    REQUIRE(host.change.roll_back().ok());
    CHECK(kept() == host.next);
    CHECK(drift_from(host.next).empty());
    std::filesystem::remove(host.file("kept.nft.new"));
    // Loaded long ago.
    REQUIRE(host.change.keep(host.former).ok());
    CHECK(kept() == host.former);
  });
  const auto start = apps::NetworkNamespace::create();
  REQUIRE(start.ok());
  start->inside([&] {
    const auto end = apps::run_program({"/usr/sbin/nft", "-f", host.file("kept.nft")}, "");
    REQUIRE(end.ok());
    CHECK(end->status == 0);
    CHECK(drift_from(host.former).empty());
  });
}

TEST_CASE("where systemd runs, the way back has a scope of its own", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  const std::string asked = host.file("asked");
  const auto manager = [&](const std::string& name, const std::string& ends) {
    REQUIRE(apps::write_private_file(host.file(name.c_str()),
                                     "#!/bin/sh\necho \"$@\" > " + asked +
                                         "\neval last=\\${$#}\necho \"$last\" > " +
                                         host.file("process") + "\n" + ends + "\n")
                .ok());
    std::filesystem::permissions(host.file(name.c_str()), std::filesystem::perms::owner_all);
    return apps::RuleChange::ServiceManager{.runs_here = host.folder.path().string(),
                                            .makes_scopes = host.file(name.c_str())};
  };
  const apps::RuleChange watched(host.folder.path().string(), host.file("kept.nft"),
                                 manager("makes", "exit 0"));
  const apps::RuleChange unwatched(host.folder.path().string(), host.file("kept.nft"),
                                   manager("refuses", "exit 1"));
  host.space->inside([&] {
    REQUIRE(watched.apply(host.next, seconds(60)).ok());
    const std::string words = *apps::read_file(asked);
    CHECK_THAT(words, Catch::Matchers::StartsWith("--scope ") &&
                          Catch::Matchers::ContainsSubstring("cgroup.procs"));
    // It is the one who watches.
    std::string process = *apps::read_file(host.file("process"));
    process.pop_back();
    CHECK(std::filesystem::exists("/proc/" + process));
    REQUIRE(watched.confirm().ok());
    CHECK(becomes([&] { return !std::filesystem::exists("/proc/" + process); }, seconds(10)));
    // Without one nothing is loaded.
    CHECK(unwatched.apply(host.former, seconds(60)).error().code == ErrorCode::kFileProblem);
    CHECK(drift_from(host.next).empty());
    CHECK(watched.confirm().error().code == ErrorCode::kWallsPending);
  });
}

TEST_CASE("the way back does not end with the session", "[walls]") {
  if (!labs_possible()) return;
  const ChangedHost host;
  host.space->inside([&] {
    const pid_t session = fork();
    if (session == 0) {
      setsid();
      if (!host.change.apply(host.next, seconds(2)).ok()) _exit(1);
      for (;;) pause();
    }
    CHECK(becomes_same(host.next, seconds(10)));
    kill(-session, SIGHUP);
    kill(-session, SIGKILL);
    waitpid(session, nullptr, 0);
    CHECK(becomes_same(host.former, seconds(10)));
  });
}

TEST_CASE("the command line shows, loads, confirms and watches", "[walls]") {
  if (!labs_possible()) return;
  const auto space = apps::NetworkNamespace::create();
  REQUIRE(space.ok());
  const nakadachi::testing::TempFolder folder;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {NAKADACHI_BIN_DIR "/nakadachi", "firewall"});
    const auto end = space->inside([&] { return apps::run_program(arguments, ""); });
    REQUIRE(end.ok());
    return *end;
  };
  using Catch::Matchers::ContainsSubstring;
  const std::string model = "preset:fig3_6";
  const std::string state = "--state=" + folder.path().string();
  const std::string kept = "--kept=" + folder.file("kept.nft");
  const auto plan = run({"apply", model, "--as", "middle_server", "--dry-run"});
  CHECK(plan.status == 0);
  CHECK_THAT(plan.output, ContainsSubstring("opens    oltp\n") &&
                              ContainsSubstring("10.10.1.10 . 10.10.2.10 . tcp . 5701"));
  CHECK(run({"drift", model, "--as", "middle_server"}).status == 2);
  CHECK(run({"drift", model, "--as", "nobody"}).status == 1);
  CHECK(run({"apply", model, "--as", "middle_server"}).status == 1);
  CHECK(run({"apply", model, "--as", "middle_server", "--confirm", "1y"}).status == 1);
  CHECK(run({"apply", model, "--as", "middle_server", "--confirm", "60s", state}).status == 0);
  CHECK(run({"confirm", state, kept}).status == 0);
  CHECK_THAT(*apps::read_file(folder.file("kept.nft")), ContainsSubstring("middle_server"));
  std::filesystem::remove(folder.file("kept.nft"));
  CHECK(run({"apply", model, "--as", "middle_server", "--confirm", "60s", state, kept}).status ==
        0);
  CHECK(std::filesystem::exists(folder.file("kept.nft")));  // nothing changes, and it is kept
  CHECK(run({"rollback", state}).status == 1);
  CHECK(run({"drift", model, "--as", "middle_server"}).status == 0);
  space->inside([] {
    nft("add element inet nakadachi_walls exact4_input "
        "{ 10.10.1.11 . 10.10.2.10 . tcp . 22 : goto input_oltp }");
  });
  const auto drift = run({"drift", model, "--as", "middle_server", "--json"});
  CHECK(drift.status == 2);
  CHECK_THAT(drift.output, ContainsSubstring("\"drift\": \"element_added\"") &&
                               ContainsSubstring("\"flow\": \"oltp\""));
  CHECK_THAT(run({"apply", model, "--as", "middle_server", "--dry-run"}).output,
             ContainsSubstring("closes   oltp"));
}
