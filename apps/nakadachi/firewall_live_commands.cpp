#include "apps/nakadachi/firewall_live_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "apps/common/live_walls.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/firewall_model.hpp"
#include "apps/nakadachi/firewall_output.hpp"
#include "apps/nakadachi/report_options.hpp"

namespace nakadachi::apps {
namespace {

constexpr int kDiffers = 2;
constexpr std::int64_t kLongestPatience = 24 * 60 * 60;

struct LiveOptions {
  std::string model;
  std::string as;
  std::string date;
  std::string confirm;
  std::string state = "/run/nakadachi/walls";
  std::string kept = "/var/lib/nakadachi/walls.nft";
  bool dry_run = false;
  bool json = false;
  const ChosenLanguage* language = nullptr;

  Language wanted_language() const { return language->or_english(); }
  RuleChange change() const { return {state, kept}; }
  bool japanese() const { return wanted_language() == Language::kJapanese; }
};
using LiveOptionsPtr = std::shared_ptr<LiveOptions>;

/// `60`, `60s` or `5m`.
Result<std::chrono::seconds> patience_of(std::string_view text) {
  std::int64_t unit = 1;
  if (text.ends_with("m")) unit = 60;
  if (text.ends_with("m") || text.ends_with("s")) text.remove_suffix(1);
  const auto number = parse_decimal<std::int64_t>(text);
  if (!number || *number < 1 || *number > kLongestPatience / unit) {
    return wrong_firewall_option("confirm", "write a time up to a day, as in 60s or 5m");
  }
  return std::chrono::seconds(*number * unit);
}

Result<std::string> rules_for(const LiveOptions& options) {
  NAKADACHI_TRY(const auto compiled,
                compile_sound_firewall(options.model, options.date, options.wanted_language()));
  for (const walls::RuleSet& rules : compiled.rule_sets) {
    if (rules.name == options.as) return walls::to_nft(compiled.world, rules);
  }
  return wrong_firewall_option("as", options.as + ": no wall and no role has this name");
}

/// What loading would change here.
Result<std::vector<walls::Drift>> planned_changes(const std::string& rules) {
  NAKADACHI_TRY(const auto expected, list_as_if(rules));
  NAKADACHI_TRY(const auto live, list_walls());
  auto changes = walls::compare(expected, live);
  // Tables beside ours stay as they are.
  std::erase_if(changes, [](const walls::Drift& drift) {
    return drift.kind == walls::Drift::Kind::kForeignChain;
  });
  const bool is_first = std::any_of(changes.begin(), changes.end(), [](const walls::Drift& drift) {
    return drift.kind == walls::Drift::Kind::kTableMissing;
  });
  if (!is_first) return changes;
  const auto openings = walls::compare(expected, walls::with_doors_shut(expected));
  changes.insert(changes.end(), openings.begin(), openings.end());
  return changes;
}

Result<void> run_apply(const LiveOptions& options) {
  if (options.dry_run == !options.confirm.empty()) {
    return wrong_firewall_option("confirm", "give --dry-run to see, or --confirm 60s to load");
  }
  std::chrono::seconds patience{};
  if (!options.dry_run) {
    NAKADACHI_TRY(patience, patience_of(options.confirm));
  }
  NAKADACHI_TRY(const std::string rules, rules_for(options));
  NAKADACHI_TRY(const auto changes, planned_changes(rules));
  fmt::print("{}", options.json ? json_of_plan(changes)
                                : text_of_plan(changes, options.wanted_language()));
  if (options.dry_run) return {};
  if (changes.empty()) return options.change().keep(rules);
  NAKADACHI_CHECK(options.change().apply(rules, patience));
  if (options.json) return {};
  fmt::print("{}\n", options.japanese()
                         ? fmt::format("適用しました。{}秒以内に、できれば新しいセッションから "
                                       "`nakadachi firewall confirm` を実行してください。"
                                       "確認がなければ自動的に元に戻ります。",
                                       patience.count())
                         : fmt::format("Loaded. Run `nakadachi firewall confirm` within {} s, best "
                                       "from a new session; otherwise the former rules come back "
                                       "by themselves.",
                                       patience.count()));
  return {};
}

Result<void> run_confirm(const LiveOptions& options) {
  NAKADACHI_CHECK(options.change().confirm());
  fmt::print("{}\n", options.japanese() ? "新しい規則を確定しました。次の起動時にも使われます。"
                                        : "The new rules stay, for the next start too.");
  return {};
}

Result<void> run_rollback(const LiveOptions& options) {
  NAKADACHI_CHECK(options.change().roll_back());
  fmt::print("{}\n",
             options.japanese() ? "以前の規則に戻しました。" : "The former rules are back.");
  return {};
}

Result<void> run_drift(const LiveOptions& options, int& status) {
  NAKADACHI_TRY(const std::string rules, rules_for(options));
  NAKADACHI_TRY(const auto expected, list_as_if(rules));
  NAKADACHI_TRY(const auto live, list_walls());
  const auto drifts = walls::compare(expected, live);
  fmt::print("{}", options.json ? json_of_drifts(drifts)
                                : text_of_drifts(drifts, options.wanted_language()));
  if (!drifts.empty()) status = kDiffers;
  return {};
}

void add_target(CommandLine command, const LiveOptionsPtr& options) {
  command.add_option("MODEL", options->model, "a file, or preset:NAME").required();
  command.add_option("--as", options->as, "the wall or role that this host is").required();
  command.add_option("--date", options->date, "what counts as today; today in Japan otherwise");
  add_json_option(command, options->json);
}

void add_state(CommandLine command, const LiveOptionsPtr& options) {
  command.add_option("--state", options->state, "folder that remembers a waiting change")
      .shows_default();
  command.add_option("--kept", options->kept, "file with the rules for the next start")
      .shows_default();
}

}  // namespace

void add_firewall_live_commands(CommandLine firewall, Command& chosen, int& status,
                                const ChosenLanguage& language) {
  const auto options = std::make_shared<LiveOptions>();
  options->language = &language;
  const auto runs = [&](CommandLine command, Result<void> (*run)(const LiveOptions&)) {
    command.when_chosen(
        [options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  };

  const CommandLine apply = firewall.add_command("apply", "Load rules on this host (root)");
  add_target(apply, options);
  add_state(apply, options);
  apply.add_flag("--dry-run", options->dry_run, "only show what would open and close");
  apply.add_option("--confirm", options->confirm, "time for `confirm`, as in 60s or 5m");
  apply.footer(
      "One transaction; the former rules come back by themselves unless `nakadachi firewall\n"
      "confirm` is run in time, also when this session dies.\n"
      "Examples:\n"
      "  nakadachi firewall apply my.toml --as node --dry-run\n"
      "  nakadachi firewall apply my.toml --as node --confirm 60s\n"
      "  nakadachi firewall confirm");
  runs(apply, run_apply);

  const CommandLine confirm = firewall.add_command("confirm", "Keep what `apply` loaded");
  add_state(confirm, options);
  confirm.footer("Example: nakadachi firewall confirm");
  runs(confirm, run_confirm);

  const CommandLine rollback =
      firewall.add_command("rollback", "Put back at once what `apply` replaced");
  add_state(rollback, options);
  rollback.footer("Example: nakadachi firewall rollback");
  runs(rollback, run_rollback);

  const CommandLine drift =
      firewall.add_command("drift", "What this host has loaded against the model (root)");
  add_target(drift, options);
  drift.footer(
      "Exit status: 0 the same, 2 different, 1 it could not be told.\n"
      "Counters and what packets put into sets do not count.\n"
      "Example: nakadachi --lang ja firewall drift my.toml --as node --json");
  drift.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_drift(*options, status); };
  });
}

}  // namespace nakadachi::apps
