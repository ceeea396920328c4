#include "tests/net/walls/centre.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

#include "apps/common/join_files.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/client/client.hpp"
#include "tests/net/walls/connections.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/postgres.hpp"

namespace nakadachi::walls::testing {
namespace {

constexpr std::int64_t kValidityS = 300;

const std::string kProgram = std::string(NAKADACHI_BIN_DIR) + "/nakadachi";

/// The layout that is built in, with no more than its first two towns.
std::string preset_with_two_towns() {
  std::string text;
  for (const apps::WallsPreset& preset : apps::walls_presets()) {
    if (preset.name == "shared_centre") text = preset.toml;
  }
  const std::string all = "codes = \"all\"";
  const std::size_t at = text.find(all);
  REQUIRE(at != std::string::npos);
  const auto& towns = apps::municipalities();
  return text.replace(
      at, all.size(),
      fmt::format("codes = [\"{}\", \"{}\"]", towns[0].code.text(), towns[1].code.text()));
}

/// The box where the pool's host is: it has one node and one operator at work.
std::string box_of(const std::string& host) {
  if (host == "node" || host == "operators") return host == "node" ? "node1" : "operator1";
  constexpr std::string_view kStaff = "staff@";
  return host.starts_with(kStaff) ? "staff_terminals@" + host.substr(kStaff.size()) : host;
}

World world_in(const std::string& file) {
  auto model = apps::load_walls(file);
  INFO((model ? "" : describe(model.error())));
  REQUIRE(model.ok());
  auto world = World::build(*std::move(model));
  REQUIRE(world.ok());
  return *std::move(world);
}

apps::ProgramEnd run(const std::vector<std::string>& arguments) {
  auto end = apps::run_program(arguments, "");
  REQUIRE(end.ok());
  return *std::move(end);
}

}  // namespace

Centre::Centre(Rules rules, std::size_t persons, Family family)
    : model_(folder_.file("centre.toml")) {
  REQUIRE(apps::write_private_file(model_, preset_with_two_towns()).ok());
  world_ = std::make_unique<const World>(world_in(model_));
  auto built = Lab::build(Layout(*world_, {0, 1}, {}));
  INFO((built ? "" : describe(built.error())));
  REQUIRE(built.ok());
  lab_ = std::make_unique<Lab>(*std::move(built));
  if (rules != Rules::kNone) apply(model_);
  if (rules == Rules::kProbed) probe();
  start_pool(persons, family);
}

void Centre::probe() {
  constexpr int kRandomPorts = 20;
  std::mt19937 random(1);
  const auto services = services_to_probe(world_->model(), kRandomPorts, random);
  check_same(observe(*lab_, every_pair(lab_->layout(), services)));
  for (const Box& one : lab_->layout().boxes()) {
    if (one.rules.empty()) continue;
    at(one.name, [] {
      const auto end =
          run({"/usr/sbin/nft", "reset", "counters", "table", "inet", "nakadachi_walls"});
      REQUIRE(end.status == 0);
    });
  }
}

void Centre::start_pool(std::size_t persons, Family family) {
  // As the layout has them: 10.1.1.11 and fd6e:616b:1::11 for host 11 in segment 1.
  const bool is_v4 = family == Family::kIpv4;
  const auto address = [&](int segment) {
    return fmt::format("{}{}{}", is_v4 ? "10.1." : "fd6e:616b:", segment, is_v4 ? ".11" : "::11");
  };
  const auto endpoint = [&](int segment, int port) {
    return fmt::format("tcp://{}{}{}:{}", is_v4 ? "" : "[", address(segment), is_v4 ? "" : "]",
                       port);
  };
  apps::PoolPlan plan;
  plan.towns = 2;
  plan.persons = persons;
  plan.validity_s = kValidityS;
  plan.directory = folder_.file("pool");
  plan.program_directory = NAKADACHI_BIN_DIR;
  plan.network = {.oltp = endpoint(1, 5701),
                  .admin = endpoint(1, 5704),
                  .nodes = endpoint(3, 5702),
                  .national = endpoint(4, 5703),
                  .database = address(2),
                  .database_clients = is_v4 ? "10.1.1.0/24" : "fd6e:616b:1::/64",
                  .walls = model_,
                  .node = "node1",
                  .at = [this](const std::string& host, const std::function<Result<void>()>& work) {
                    return at(box_of(host), work);
                  }};
  auto started = apps::DemoPool::start(std::move(plan), [](std::string_view) {});
  INFO((started ? "" : describe(started.error())));
  REQUIRE(started.ok());
  pool_ = *std::move(started);
  for (const apps::DemoPool::System& system : pool_->systems()) {
    REQUIRE(system.keys.save(folder_.file(system.institution.text() + ".curve")).ok());
  }
}

std::string Centre::model_without(std::string_view flow) const {
  const auto text = apps::read_file(model_);
  REQUIRE(text.ok());
  const std::string head = fmt::format("[[flow]]\nid = \"{}\"\n", flow);
  const std::size_t from = text->find(head);
  REQUIRE(from != std::string::npos);
  const std::size_t to = text->find("\n[[", from + head.size());
  REQUIRE(to != std::string::npos);
  const std::string path = folder_.file(fmt::format("without-{}.toml", flow));
  REQUIRE(apps::write_private_file(path, text->substr(0, from) + text->substr(to + 1)).ok());
  return path;
}

int Centre::box(std::string_view name) const {
  const auto& boxes = lab_->layout().boxes();
  const auto found =
      std::find_if(boxes.begin(), boxes.end(), [&](const Box& one) { return one.name == name; });
  NAKADACHI_ASSERT(found != boxes.end());  // also called where Catch's macros may not stand
  return static_cast<int>(found - boxes.begin());
}

std::string Centre::systems_box(std::size_t institution) const {
  return "business_systems@" + pool_->towns()[institution / 2].code.text();
}

// Rules -----------------------------------------------------------------------

void Centre::apply(const std::string& model) const {
  for (const Box& box : lab_->layout().boxes()) {
    if (box.rules.empty()) continue;
    at(box.name, [&] {
      const std::string state = "--state=" + folder_.file("state-" + box.name);
      const std::string kept = "--kept=" + folder_.file("kept-" + box.name);
      auto end = run({kProgram, "firewall", "apply", model, "--as", box.rules, "--confirm", "60s",
                      state, kept});
      CAPTURE(box.name, end.output, end.complaint);
      REQUIRE(end.status == 0);
      // What is the same already waits for nobody.
      if (end.output.find("firewall confirm") == std::string::npos) return;
      REQUIRE(run({kProgram, "firewall", "confirm", state, kept}).status == 0);
    });
  }
}

std::vector<std::string> Centre::drifted(const std::string& model) const {
  std::vector<std::string> found;
  std::size_t looked_at = 0;
  for (const Box& box : lab_->layout().boxes()) {
    if (box.rules.empty()) continue;
    ++looked_at;
    const auto end = at(
        box.name, [&] { return run({kProgram, "firewall", "drift", model, "--as", box.rules}); });
    if (end.status != 0) found.push_back(box.name + ": " + end.output + end.complaint);
  }
  REQUIRE(looked_at == 14);  // three walls and their ports, and eight hosts
  return found;
}

std::map<std::string, std::uint64_t> Centre::counters(std::string_view name) const {
  return counters_in(*lab_, box(name));
}

// Questions -------------------------------------------------------------------

std::vector<Centre::Question> Centre::questions(std::size_t count, std::uint64_t first) const {
  std::set<std::uint64_t> held;
  for (const auto& one : pool_->residents().held()) held.insert(person_of(one.person));
  std::vector<Question> questions;
  for (std::uint64_t next = first; questions.size() < count; ++next) {
    auto planned = pool_->residents().query(next);
    const bool within_body = planned.subject.affair == apps::DemoResidents::own_affair();
    if (within_body || planned.subject.kind == apps::DemoResidents::live_kind() ||
        held.contains(person_of(planned.person))) {
      continue;
    }
    questions.push_back({std::move(planned), {}});
  }
  return questions;
}

apps::ProgramEnd Centre::ask(Question& question, const std::string& from,
                             std::uint32_t patience_s) const {
  if (question.key == RequestKey()) question.key = client::Client::make_key();
  const exchange::Subject& subject = question.planned.subject;
  std::vector<std::string> arguments = {
      kProgram,
      "query",
      "ask",
      "--json",
      "--endpoint",
      pool_->oltp_endpoint(),
      "--server-key",
      to_z85(pool_->oltp_key()),
      "--key-file",
      folder_.file(pool_->systems()[question.planned.system].institution.text() + ".curve"),
      "--trust",
      pool_->directory() + "/national/trust.toml",
      "--registry",
      pool_->directory() + "/national/registry.bin",
      "--asker",
      subject.asker.text(),
      "--provider",
      subject.provider.text(),
      "--affair",
      subject.affair.text(),
      "--procedure",
      subject.procedure.text(),
      "--kind",
      subject.kind.text(),
      "--person",
      std::to_string(question.planned.person.reveal()),
      "--patience",
      std::to_string(patience_s),
      "--key",
      to_hex(question.key.view())};
  for (const std::uint16_t item : subject.items) {
    arguments.insert(arguments.end(), {"--item", std::to_string(item)});
  }
  if (!subject.section.empty()) {
    arguments.insert(arguments.end(), {"--section", subject.section});
  }
  auto end = at(from, [&] { return apps::run_program(arguments, ""); });
  if (end) return *std::move(end);
  return {.status = -1, .output = {}, .complaint = describe(end.error())};
}

std::vector<apps::ProgramEnd> Centre::ask_all(std::vector<Question>& questions,
                                              std::uint32_t patience_s) const {
  std::vector<apps::ProgramEnd> ends(questions.size());
  std::vector<std::thread> towns;
  for (std::size_t town = 0; town < pool_->towns().size(); ++town) {
    towns.emplace_back([&, town] {
      for (std::size_t i = 0; i < questions.size(); ++i) {
        const std::size_t system = questions[i].planned.system;
        if (system / 2 == town) ends[i] = ask(questions[i], systems_box(system), patience_s);
      }
    });
  }
  for (std::thread& town : towns) town.join();
  return ends;
}

std::size_t Centre::rows(storage::Step step) const {
  nakadachi::testing::Sql sql(pool_->cluster().login("postgres"));
  const auto counted = sql.run(
      fmt::format("SELECT count(*) FROM nakadachi.step WHERE step = {}", static_cast<int>(step)));
  return std::stoul(counted.value());
}

}  // namespace nakadachi::walls::testing
