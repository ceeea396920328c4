#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/firewall_live_commands.hpp"
#include "apps/nakadachi/firewall_model.hpp"
#include "apps/nakadachi/firewall_output.hpp"
#include "apps/nakadachi/report_options.hpp"
#include "nakadachi/firewall_rules/callers.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "nakadachi/firewall_rules/draw.hpp"
#include "nakadachi/firewall_rules/tables.hpp"

namespace nakadachi::apps {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  nakadachi firewall presets                         layouts that are built in\n"
    "  nakadachi firewall presets --show fig3_8 > my.toml begin with one of them\n"
    "  nakadachi firewall check my.toml                   mistakes and broken invariants\n"
    "  nakadachi firewall prove my.toml                   a way, or that there is none\n"
    "  nakadachi firewall compile my.toml --out rules     nftables rule sets\n"
    "  nakadachi firewall apply my.toml --as node --dry-run\n"
    "  nakadachi firewall drift my.toml --as node         this host against the model\n"
    "\n"
    "MODEL is a file or preset:NAME. docs/network.md explains the format.";

struct Options {
  std::string model;
  std::string other;
  std::string date;
  std::string out;
  std::string only;
  std::string show;
  std::string format = "markdown";
  std::string from;
  std::string to;
  std::string service = "any";
  std::string taken_over;
  bool direct = false;
  bool json = false;
  const ChosenLanguage* language = nullptr;

  Language wanted_language() const { return language->or_english(); }
};
using OptionsPtr = std::shared_ptr<Options>;

Result<void> write_out(const Options& options, const std::string& text) {
  if (!options.out.empty()) return write_private_file(options.out, text);
  fmt::print("{}", text);
  return {};
}

Result<void> run_presets(const Options& options) {
  nlohmann::json list = nlohmann::json::array();
  for (const WallsPreset& preset : walls_presets()) {
    if (!options.show.empty()) {
      if (preset.name != options.show) continue;
      fmt::print("{}", preset.toml);
      return {};
    }
    NAKADACHI_TRY(const walls::Model model, parse_walls(preset.toml, std::string(preset.name)));
    if (options.json) {
      list.push_back({{"name", preset.name},
                      {"title", {{"en", model.title.en}, {"ja", model.title.ja}}},
                      {"protects", {{"en", model.protects.en}, {"ja", model.protects.ja}}},
                      {"leaves", {{"en", model.leaves.en}, {"ja", model.leaves.ja}}}});
      continue;
    }
    const bool ja = options.wanted_language() == Language::kJapanese;
    fmt::print("{}: {}\n  {}\n  {}\n\n", preset.name, ja ? model.title.ja : model.title.en,
               ja ? model.protects.ja : model.protects.en, ja ? model.leaves.ja : model.leaves.en);
  }
  if (!options.show.empty()) {
    return wrong_firewall_option("show", options.show + ": there is no such preset");
  }
  if (options.json) fmt::print("{}\n", list.dump(2));
  return {};
}

Result<void> run_check(const Options& options) {
  NAKADACHI_TRY(const walls::World world, load_firewall_world(options.model));
  NAKADACHI_TRY(const auto date, firewall_date(options.date));
  const auto findings = walls::check(world, date);
  if (options.json) {
    fmt::print("{}", json_of_findings(findings));
  } else {
    fmt::print("{}", text_of_findings(findings, options.wanted_language()));
    if (findings.empty()) {
      fmt::print("{}: {} flows, {} invariants, nothing found\n", options.model,
                 world.model().flows.size(), world.model().invariants.size());
    }
  }
  if (has_firewall_error(findings)) return ErrorCode::kWallsUnsound;
  return {};
}

Result<void> show_reach(const Options& options, const walls::World& world) {
  NAKADACHI_TRY(const auto start, world.resolve(std::vector<std::string>{options.taken_over}));
  const auto reached = walls::Prover(world).reach(start.all());
  if (options.json) {
    fmt::print("{}", json_of_reach(world, reached));
    return {};
  }
  const bool ja = options.wanted_language() == Language::kJapanese;
  fmt::print(
      "{}\n",
      ja ? fmt::format("{}が乗っ取られた場合に到達される範囲（自身を含む）:", options.taken_over)
         : fmt::format("When {} is taken over, these can be reached (itself included):",
                       options.taken_over));
  for (const std::string& line : walls::summary(world, reached)) fmt::print("  {}\n", line);
  return {};
}

Result<std::vector<Asked>> ask(const Options& options, const walls::World& world) {
  const walls::Prover prover(world);
  std::vector<Asked> asked;
  if (options.from.empty()) {
    for (const walls::Invariant& invariant : world.model().invariants) {
      asked.push_back({invariant.id, invariant.why, prover.ask(invariant)});
    }
    return asked;
  }
  const auto parts = [](const std::string& text) {
    const auto views = split(text, ',');
    return std::vector<std::string>(views.begin(), views.end());
  };
  NAKADACHI_TRY(const auto services, walls::parse_service(options.service));
  const walls::Invariant question{
      .kind = options.direct ? walls::Invariant::Kind::kNoOpening : walls::Invariant::Kind::kNoPath,
      .from = parts(options.from),
      .to = parts(options.to),
      .services = services};
  if (const auto resolved = world.resolve(question); !resolved) return resolved.error();
  asked.push_back({fmt::format("{} -> {} {}", options.from, options.to, options.service),
                   {},
                   prover.ask(question)});
  return asked;
}

Result<void> run_prove(const Options& options) {
  if (options.from.empty() != options.to.empty()) {
    return wrong_firewall_option("from", "give --from and --to, or neither");
  }
  NAKADACHI_TRY(const walls::World world, load_firewall_world(options.model));
  if (!options.taken_over.empty()) return show_reach(options, world);
  NAKADACHI_TRY(const auto asked, ask(options, world));
  fmt::print("{}", options.json ? json_of_answers(world, asked)
                                : text_of_answers(world, asked, options.wanted_language()));
  for (const Asked& one : asked) {
    if (one.answer.reachable) return ErrorCode::kWallsUnsound;
  }
  return {};
}

Result<void> run_compile(const Options& options) {
  if (options.out.empty() == options.only.empty()) {
    return wrong_firewall_option("out", "give --out DIR for all rule sets, or --only NAME for one");
  }
  NAKADACHI_TRY(const auto compiled,
                compile_sound_firewall(options.model, options.date, options.wanted_language()));
  bool found = false;
  for (const walls::RuleSet& rules : compiled.rule_sets) {
    const std::string text = walls::to_nft(compiled.world, rules);
    if (rules.name == options.only) {
      fmt::print("{}", text);
      found = true;
    }
    if (options.out.empty()) continue;
    std::error_code problem;
    std::filesystem::create_directories(options.out, problem);
    const std::string path = fmt::format("{}/{}.nft", options.out, rules.name);
    NAKADACHI_CHECK(write_private_file(path, text));
    fmt::print("wrote {}\n", path);
  }
  if (!options.only.empty() && !found) {
    return wrong_firewall_option("only", options.only + ": no wall and no role has this name");
  }
  return {};
}

Result<void> run_table(const Options& options) {
  NAKADACHI_TRY(const walls::World world, load_firewall_world(options.model));
  const Language language = options.wanted_language();
  return write_out(options, options.format == "csv" ? walls::csv(world, language)
                                                    : walls::markdown(world, language));
}

Result<void> run_draw(const Options& options) {
  NAKADACHI_TRY(const auto date, firewall_date(options.date));
  NAKADACHI_TRY(const walls::World world, load_firewall_world(options.model));
  return write_out(options, walls::draw(world, date));
}

Result<void> run_diff(const Options& options) {
  NAKADACHI_TRY(const walls::World before, load_firewall_world(options.model));
  NAKADACHI_TRY(const walls::World after, load_firewall_world(options.other));
  const auto changes = walls::diff(before, after);
  fmt::print("{}", options.json ? json_of_changes(changes)
                                : text_of_changes(changes, options.wanted_language()));
  if (changes.empty() && !options.json) fmt::print("nothing differs (差異なし)\n");
  return {};
}

/// The addresses of one host, or one address. Errors: `kConfigInvalid` at `option` for whatever
/// names more machines or addresses, of which no single answer could be given.
Result<std::vector<walls::Address>> addresses_of_end(const walls::World& world,
                                                     std::string_view option,
                                                     const std::string& text) {
  NAKADACHI_TRY(const auto selection, world.resolve(std::vector<std::string>{text}));
  const walls::AddressSet set = selection.all();
  const auto machines = world.machines_in(set);
  const auto pieces = set.intervals();
  const bool one_address = pieces.size() == 1 && pieces.front().first == pieces.front().last;
  const bool one_host =
      machines.size() == 1 &&
      world.machines()[static_cast<std::size_t>(machines.front())].host != walls::kNobody;
  if (!one_address && !one_host) {
    return wrong_firewall_option(
        option, text +
                    " is not one host or one address; name one, as node, systems@011002 (of "
                    "one town) or 10.1.1.11");
  }
  std::vector<walls::Address> addresses;
  for (const auto& piece : pieces) {
    for (walls::Address at = piece.first;; at = walls::successor(at)) {
      addresses.push_back(at);
      if (at == piece.last) break;
    }
  }
  return addresses;
}

/// The flow that would allow it were it not over, with its last day; empty when there is none.
Result<std::string> what_is_over(const walls::World& now, const walls::World& ever,
                                 walls::Address from, walls::Address to,
                                 const walls::ServiceSet& service) {
  NAKADACHI_TRY(const auto former, walls::explain(ever, from, to, service));
  if (!former.allowed) return std::string();
  const int flow = ever.openings()[static_cast<std::size_t>(former.opening)].flow;
  if (flow == walls::kNobody) return std::string();
  const walls::Flow& over = ever.model().flows[static_cast<std::size_t>(flow)];
  if (!over.valid_until || now.find_flow(over.id) != walls::kNobody) return std::string();
  return fmt::format("{} ({})", over.id, walls::text_of(*over.valid_until));
}

/// As `compile` sees the model: without the flows that are over.
Result<void> run_explain(const Options& options) {
  NAKADACHI_TRY(const auto date, firewall_date(options.date));
  NAKADACHI_TRY(const walls::World ever, load_firewall_world(options.model));
  NAKADACHI_TRY(const walls::World world, walls::World::build(walls::in_force(ever.model(), date)));
  NAKADACHI_TRY(const auto sources, addresses_of_end(world, "SRC", options.from));
  NAKADACHI_TRY(const auto targets, addresses_of_end(world, "DST", options.to));
  const std::string written =
      options.service.find('/') == std::string::npos && options.service != "echo"
          ? "tcp/" + options.service
          : options.service;
  NAKADACHI_TRY(const auto service, walls::parse_service(written));
  std::vector<Explained> all;
  for (const walls::Address from : sources) {
    for (const walls::Address to : targets) {
      if (from.family() != to.family()) continue;
      NAKADACHI_TRY(auto answer, walls::explain(world, from, to, service));
      std::string over;
      if (!answer.allowed) {
        NAKADACHI_TRY(over, what_is_over(world, ever, from, to, service));
      }
      all.push_back({from, to, std::move(answer), std::move(over)});
    }
  }
  if (all.empty()) {
    return wrong_firewall_option("DST", "the two have no addresses of one family");
  }
  fmt::print("{}", options.json ? json_of_explanations(world, all)
                                : text_of_explanations(world, all, options.wanted_language()));
  return {};
}

/// A subcommand that reads one model.
CommandLine model_command(CommandLine firewall, const OptionsPtr& options, Command& chosen,
                          const char* name, const char* about,
                          Result<void> (*run)(const Options&)) {
  const CommandLine command = firewall.add_command(name, about);
  command.add_option("MODEL", options->model, "a file, or preset:NAME").required();
  command.when_chosen(
      [options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  return command;
}

void add_date(CommandLine command, const OptionsPtr& options) {
  command.add_option("--date", options->date, "what counts as today; today in Japan otherwise");
}

void add_judging(CommandLine firewall, const OptionsPtr& options, Command& chosen) {
  const CommandLine check = model_command(firewall, options, chosen, "check",
                                          "Mistakes, doubts and broken invariants", run_check);
  add_date(check, options);
  add_json_option(check, options->json);
  check.footer(
      "Ends with 1 when there is an error.\n"
      "Example: nakadachi --lang ja firewall check my.toml --date 2027-04-01");

  const CommandLine prove = model_command(firewall, options, chosen, "prove",
                                          "A way, or a proof that there is none", run_prove);
  prove.add_option("--from", options->from, "who: hosts, segments, kind:…, addresses; by commas");
  prove.add_option("--to", options->to, "whom");
  prove.add_option("--service", options->service, "at which port, as in tcp/5432; any otherwise");
  prove.add_flag("--direct", options->direct, "by one opening, not by a chain of them");
  prove.add_option("--taken-over", options->taken_over, "what a host that was taken over reaches");
  add_json_option(prove, options->json);
  prove.footer(
      "Without --from it answers the model's invariants. Ends with 1 when there is a way.\n"
      "Examples:\n"
      "  nakadachi firewall prove my.toml\n"
      "  nakadachi firewall prove my.toml --from kind:internet --to kind:business\n"
      "  nakadachi firewall prove my.toml --taken-over gateway");

  const CommandLine explain = model_command(firewall, options, chosen, "explain",
                                            "What becomes of one connection, and why", run_explain);
  explain.add_option("SRC", options->from, "a host (host@code of one town) or an address")
      .required();
  explain.add_option("DST", options->to, "the same").required();
  explain.add_option("PORT", options->service, "5432, tcp/5432, udp/53 or echo").required();
  add_date(explain, options);
  add_json_option(explain, options->json);
  explain.footer(
      "One answer for each pair of their addresses; a flow that is over allows nothing.\n"
      "Example: nakadachi firewall explain preset:shared_centre business_systems@011002 node1 "
      "5701");

  const CommandLine diff =
      model_command(firewall, options, chosen, "diff", "What a change opens and closes", run_diff);
  diff.add_option("OTHER", options->other, "the model afterwards").required();
  add_json_option(diff, options->json);
  diff.footer("Example: nakadachi firewall diff now.toml planned.toml");
}

void add_making(CommandLine firewall, const OptionsPtr& options, Command& chosen) {
  const CommandLine compile =
      model_command(firewall, options, chosen, "compile",
                    "nftables rule sets for walls and roles of hosts", run_compile);
  compile.add_option("--out", options->out, "a folder for all rule sets, one file each");
  compile.add_option("--only", options->only, "print the rule set of this wall or role");
  add_date(compile, options);
  compile.footer(
      "Refuses a model that `check` finds errors in; leaves out what is over.\n"
      "Example: nakadachi firewall compile my.toml --only node > node.nft");

  const CommandLine table =
      model_command(firewall, options, chosen, "table", "The model as a table", run_table);
  table.add_option("--format", options->format, "markdown or csv").one_of({"markdown", "csv"});
  table.add_option("--out", options->out, "a file; standard output otherwise");
  table.footer("Example: nakadachi --lang ja firewall table my.toml --format csv --out my.csv");

  const CommandLine draw =
      model_command(firewall, options, chosen, "draw", "The model as a picture (SVG)", run_draw);
  draw.add_option("--out", options->out, "a file; standard output otherwise");
  add_date(draw, options);
  draw.footer(
      "What is over has no arrow, and a dashed line in the legend.\n"
      "Example: nakadachi firewall draw preset:fig3_8 --out fig3_8.svg");
}

}  // namespace

void add_firewall_command(CommandLine app, Command& chosen, int& status,
                          const ChosenLanguage& language) {
  const CommandLine firewall =
      app.add_command("firewall", "Networks of towns and centre: from one model to proven rules");
  firewall.footer(kExamples);
  firewall.needs_command();
  const auto options = std::make_shared<Options>();
  options->language = &language;

  const CommandLine presets = firewall.add_command("presets", "Layouts that are built in");
  presets.add_option("--show", options->show, "print the file of this one");
  add_json_option(presets, options->json);
  presets.footer("Example: nakadachi firewall presets --show shared_centre > my.toml");
  presets.when_chosen([options, &chosen] { chosen = [options] { return run_presets(*options); }; });

  add_judging(firewall, options, chosen);
  add_making(firewall, options, chosen);
  add_firewall_live_commands(firewall, chosen, status, language);
}

}  // namespace nakadachi::apps
