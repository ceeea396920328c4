#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "apps/common/command_values.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "apps/nakadachi/progress_bar.hpp"
#include "nakadachi/copies/load_csv.hpp"

namespace nakadachi::apps {
namespace {

struct CopyOptions {
  AdminOptions admin;
  std::string kind;
  std::string person;
  std::string mode;
  bool dry_run = false;
};

struct LoadOptions {
  AdminOptions admin;
  std::string file;
  std::string layouts;
  std::string kind;
  std::string valid_from;
  std::string valid_until;
  std::string report;
  std::uint64_t dataset = 0;
  std::uint16_t layout = 0;
  bool full = false;
  bool skip_invalid = false;
  bool dry_run = false;
};

// load ------------------------------------------------------------------------

/// A file as it was read and looked at.
struct ReadLoad {
  copies::Load load;
  std::uint64_t copies = 0;  ///< valid rows that are no removals
  std::vector<copies::LoadRow> valid;
  std::vector<copies::RowFinding> findings;
  std::size_t invalid = 0;
};

struct LoadResult {
  std::size_t registered = 0;
  std::size_t removed = 0;
  std::size_t unchanged = 0;  ///< registered just so already, or not there to be removed
  std::size_t failed = 0;
  std::size_t left_behind = 0;  ///< erased at the end of a full load
  bool ended = false;
  std::optional<Error> first_failure;
};

Result<copies::Load> load_of(const LoadOptions& options, const copies::LayoutBook& book) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  copies::Load load;
  NAKADACHI_TRY(load.kind, parse_kind(facts, options.kind));
  load.dataset = options.dataset;
  NAKADACHI_TRY(load.validity, parse_period(options.valid_from, options.valid_until));
  const Day today = Day::of(SystemClock().now());
  const copies::Layout* const layout =
      options.layout == 0 ? book.in_force(load.kind, today) : book.find(load.kind, options.layout);
  if (layout == nullptr || !layout->in_force.holds(today)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "layout"};
  }
  load.layout_version = layout->version;
  return load;
}

/// Those of `rows` in which nothing was found.
void take_valid(std::vector<copies::LoadRow> rows, ReadLoad& read) {
  std::set<std::uint32_t> invalid;
  for (const copies::RowFinding& finding : read.findings) invalid.insert(finding.line);
  read.invalid = invalid.size();
  read.copies = 0;
  read.valid.reserve(rows.size());
  for (copies::LoadRow& row : rows) {
    if (invalid.contains(row.line)) continue;
    if (!row.removal) ++read.copies;
    read.valid.push_back(std::move(row));
  }
}

/// Every row by its layout, before anything is sent; the node judges each copy again, by
/// what is registered too.
Result<ReadLoad> read_load(const LoadOptions& options) {
  NAKADACHI_TRY(const copies::LayoutBook book, load_layouts(options.layouts));
  ReadLoad read;
  NAKADACHI_TRY(read.load, load_of(options, book));
  const copies::Layout& layout = *book.find(read.load.kind, read.load.layout_version);
  NAKADACHI_TRY(const std::string text, read_lines(options.file));
  NAKADACHI_TRY(copies::LoadRows rows, copies::read_load_csv(text, layout));
  read.findings = copies::check_rows(read.load, rows, layout);
  take_valid(std::move(rows.rows), read);
  return read;
}

/// Rows of persons who are one by now, under a former number and under today's: only the town's
/// 統合宛名 knows. No more than today's number is asked for.
Result<void> find_merged(Desk& desk, ReadLoad& read) {
  std::vector<wire::AdminCommand> commands;
  std::vector<AddressNumber> current;
  for (const copies::LoadRow& row : read.valid) {
    commands.emplace_back(wire::ShowSymbol{row.person});
    current.push_back(row.person);
  }
  std::optional<Error> failure;
  desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
    const auto shown = admin::as<wire::SymbolShown>(std::move(answer));
    if (!shown) failure = shown.error();
    if (shown && shown->person) current[place] = *shown->person;
  });
  if (failure) return *failure;
  std::ranges::copy(copies::check_persons(read.valid, current), std::back_inserter(read.findings));
  std::ranges::stable_sort(read.findings, {}, &copies::RowFinding::line);
  take_valid(std::exchange(read.valid, {}), read);
  return {};
}

Result<std::vector<wire::AdminCommand>> commands_of(const ReadLoad& read) {
  std::vector<wire::AdminCommand> commands;
  commands.reserve(read.valid.size());
  for (const copies::LoadRow& row : read.valid) {
    if (row.removal) {
      commands.emplace_back(wire::EraseCopy{row.person, read.load.kind, read.load.dataset});
      continue;
    }
    NAKADACHI_TRY(Bytes content, copies::encode(copies::content_of(read.load, row)));
    commands.emplace_back(wire::PutCopy{row.person, read.load.kind, std::move(content)});
  }
  return commands;
}

/// Told before anything is sent; the node refuses an older load's rows one by one.
Result<void> check_dataset(Desk& desk, const copies::Load& load) {
  NAKADACHI_TRY(const auto counts, desk.ask<wire::CopyCounts>(wire::CountCopies{}));
  for (const wire::CopyCount& count : counts.counts) {
    if (count.kind == load.kind && count.dataset > load.dataset) {
      return Error{.code = ErrorCode::kRowConflict,
                   .field = "dataset",
                   .detail = fmt::format("copies of dataset {} are registered", count.dataset)};
    }
  }
  return {};
}

/// A node erases some at a time; each further request is one of its own.
Result<std::size_t> end_full_load(Desk& desk, const ReadLoad& read) {
  std::size_t erased = 0;
  while (true) {
    NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(wire::EndFullLoad{
                                       read.load.kind, read.load.dataset, read.copies}));
    if (done.count == 0) return erased;
    erased += done.count;
  }
}

Result<LoadResult> give_load(Desk& desk, const LoadOptions& options, const ReadLoad& read) {
  LoadResult result;
  NAKADACHI_CHECK(check_dataset(desk, read.load));
  NAKADACHI_TRY(auto commands, commands_of(read));
  std::optional<ProgressBar> progress;
  if (!options.admin.json && !commands.empty()) {
    progress.emplace(std::string(options.admin.say("registering", "登録中")), commands.size());
  }
  std::uint64_t told = 0;
  desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
    const copies::LoadRow& row = read.valid[place];
    if (const auto done = admin::as<wire::Done>(std::move(answer)); done) {
      ++(done->count == 0 ? result.unchanged : row.removal ? result.removed : result.registered);
    } else {
      ++result.failed;
      Error error = done.error();
      error.position = static_cast<std::int32_t>(row.line);
      if (!result.first_failure) result.first_failure = std::move(error);
    }
    ++told;
    if (progress) progress->show(told);
  });
  if (progress) progress->finish();
  result.ended = options.full && read.invalid == 0 && result.failed == 0;
  if (result.ended) {
    NAKADACHI_TRY(result.left_behind, end_full_load(desk, read));
  }
  return result;
}

void print_load(const LoadOptions& options, const ReadLoad& read, const LoadResult& result) {
  const AdminOptions& admin = options.admin;
  if (admin.json) {
    return print_json({{"kind", read.load.kind.text()},
                       {"layout", read.load.layout_version},
                       {"dataset", read.load.dataset},
                       {"dry_run", options.dry_run},
                       {"valid", read.valid.size()},
                       {"invalid", read.invalid},
                       {"registered", result.registered},
                       {"removed", result.removed},
                       {"unchanged", result.unchanged},
                       {"failed", result.failed},
                       {"full", options.full},
                       {"ended", result.ended},
                       {"left_behind_erased", result.left_behind}});
  }
  const auto line = [](std::string_view what, std::size_t count) {
    fmt::print("  {:>9}  {}\n", count, what);
  };
  fmt::print("{}, {} {}{}\n", read.load.kind.text(), admin.say("layout", "レイアウト版"),
             read.load.layout_version,
             options.dry_run ? admin.say(" (dry run)", "（検査のみ）") : "");
  line(admin.say("rows valid", "正しい行"), read.valid.size());
  line(admin.say("rows invalid", "誤りのある行"), read.invalid);
  if (options.dry_run) return;
  line(admin.say("registered", "登録"), result.registered);
  line(admin.say("removed", "削除"), result.removed);
  line(admin.say("as before", "変更なし"), result.unchanged);
  if (result.failed > 0) line(admin.say("failed", "失敗"), result.failed);
  if (!options.full) return;
  if (result.ended) {
    line(admin.say("left behind by this full load, erased", "全件登録に含まれず削除"),
         result.left_behind);
  } else {
    fmt::print(
        "{}\n",
        admin.say(
            "the full load is not ended: nothing was erased; mend the rows "
            "and give it again",
            "全件登録は完了していません。何も消去していません。行を直して再度実行してください"));
  }
}

Result<void> run_load(const LoadOptions& options) {
  NAKADACHI_TRY(ReadLoad read, read_load(options));
  const auto is_refused = [&] { return read.invalid > 0 && !options.skip_invalid; };
  std::optional<Desk> desk;
  if (!options.dry_run && !is_refused()) {
    NAKADACHI_TRY(desk, Desk::open(options.admin, Needs::kReason));
    NAKADACHI_CHECK(find_merged(*desk, read));
  }
  const bool refused = is_refused();
  if (!options.report.empty()) {
    NAKADACHI_CHECK(write_private_file(options.report, copies::report_csv(read.findings)));
  }
  LoadResult result;
  if (desk && !refused) {
    NAKADACHI_TRY(result, give_load(*desk, options, read));
  }
  print_load(options, read, result);
  if (refused) {
    const copies::RowFinding& first = read.findings.front();
    return Error{.code = ErrorCode::kWrongFormat,
                 .field = "csv",
                 .position = static_cast<std::int32_t>(first.line),
                 .detail = fmt::format("{}: {}; nothing was changed", first.finding.name,
                                       options.admin.japanese()
                                           ? copies::text_of(first.finding.fault).japanese
                                           : copies::text_of(first.finding.fault).english)};
  }
  if (result.first_failure) return *result.first_failure;
  return {};
}

// Others ----------------------------------------------------------------------

constexpr std::array<ListColumn, 4> kCountColumns = {{{"kind", "特定個人情報"},
                                                      {"name", "名称"},
                                                      {"dataset", "データセット"},
                                                      {"copies", "副本数"}}};
constexpr std::array<ListColumn, 3> kModeColumns = {
    {{"kind", "特定個人情報"}, {"name", "名称"}, {"mode", "回答方法"}}};

Result<void> run_count(const CopyOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto counts, desk.ask<wire::CopyCounts>(wire::CountCopies{}));
  nlohmann::json list = nlohmann::json::array();
  for (const wire::CopyCount& count : counts.counts) {
    const std::string name = facts.name_of(count.kind);
    if (wants_rows(options.admin)) {
      list.push_back({{"kind", count.kind.text()},
                      {"name", name},
                      {"dataset", count.dataset},
                      {"copies", count.copies}});
    } else {
      fmt::print("{}  {} {:>6}  {:>9}  {}\n", count.kind.text(),
                 options.admin.say("dataset", "データセット"), count.dataset, count.copies, name);
    }
  }
  if (wants_rows(options.admin)) print_rows(options.admin, list, kCountColumns);
  return {};
}

Result<void> run_delete(const CopyOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.person));
  NAKADACHI_TRY(const InformationKind kind, parse_kind(facts, options.kind));
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(wire::EraseCopy{person, kind}));
  print_done(options.admin, done);
  return {};
}

std::string_view words_of(copies::AnswerMode mode, const AdminOptions& options) {
  switch (mode) {
    case copies::AnswerMode::kCopy:
      break;
    case copies::AnswerMode::kLive:
      return options.say("live (the business system answers)", "即時の引渡し");
    case copies::AnswerMode::kApproval:
      return options.say("approval (when staff agree)", "承認後に回答");
  }
  return options.say("copy (at once)", "自動応答");
}

Result<void> run_mode(const CopyOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(const InformationKind kind, parse_kind(facts, options.kind));
  NAKADACHI_TRY(const copies::AnswerMode mode, parse_answer_mode(options.mode));
  const Needs needs = options.dry_run ? Needs::kReading : Needs::kReason;
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, needs));
  if (!options.dry_run) {
    NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(wire::SetAnswerMode{kind, mode}));
    print_done(options.admin, done);
    return {};
  }
  NAKADACHI_TRY(const auto set, desk.ask<wire::AnswerModes>(wire::ListAnswerModes{}));
  const auto now = std::ranges::find(set.modes, kind, [](const auto& one) { return one.first; });
  const auto former = now != set.modes.end() ? now->second : copies::AnswerMode::kCopy;
  if (options.admin.json) {
    print_json({{"kind", kind.text()},
                {"from", word_of(former)},
                {"to", word_of(mode)},
                {"dry_run", true}});
  } else {
    fmt::print("{}: {} → {}\n", facts.name_of(kind), words_of(former, options.admin),
               words_of(mode, options.admin));
  }
  return {};
}

Result<void> run_modes(const CopyOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto set, desk.ask<wire::AnswerModes>(wire::ListAnswerModes{}));
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [kind, mode] : set.modes) {
    const std::string name = facts.name_of(kind);
    if (wants_rows(options.admin)) {
      list.push_back({{"kind", kind.text()}, {"name", name}, {"mode", word_of(mode)}});
    } else {
      fmt::print("{}  {}  {}\n", kind.text(), words_of(mode, options.admin), name);
    }
  }
  if (wants_rows(options.admin)) {
    print_rows(options.admin, list, kModeColumns);
  } else if (set.modes.empty()) {
    fmt::print("{}\n", options.admin.say("all kinds are answered from copies at once",
                                         "全ての特定個人情報が自動応答です"));
  }
  return {};
}

// Options ---------------------------------------------------------------------

constexpr const char* kKindHelp = "kind of information, TM code or name";

void add_load_options(CommandLine command, LoadOptions& options) {
  command.footer(
      "The first column is 団体内統合宛名番号; the others are items by number or name, and 削除 "
      "(1)\n"
      "for copies to be removed. With invalid rows nothing is changed, unless they are to be\n"
      "skipped. Given again, the same file does no harm.\n"
      "Example: nakadachi copy load tax.csv --kind 地方税関係情報 --dataset 12 --full \\\n"
      "           --report report.csv --who 税務課 --why 月次登録");
  command.add_option("FILE", options.file, "CSV in UTF-8").required();
  command.add_option("--kind", options.kind, kKindHelp).required();
  command.add_option("--dataset", options.dataset, "number of the load; grows with every load")
      .required()
      .positive();
  command.add_flag("--full", options.full, "what is not in the file is erased at the end");
  command.add_option("--layout", options.layout, "version; today's unless given");
  command.add_option("--valid-from", options.valid_from, "first day of the copies: 2026-04-01");
  command.add_option("--valid-until", options.valid_until, "last day");
  command.add_option("--layouts", options.layouts, "item layouts in the place of the built-in ones")
      .from_environment("NAKADACHI_LAYOUTS");
  command.add_flag("--skip-invalid", options.skip_invalid, "register the other rows");
  command.add_flag("--dry-run", options.dry_run, "only look at the file");
  command.add_option("--report", options.report, "write what is wrong, row by row, to this CSV");
}

}  // namespace

void add_copy_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine copy =
      app.add_command("copy", "Copies (副本) that questions are answered from");
  copy.needs_command();
  add_admin_command<LoadOptions>(copy, chosen, language, {"load", "Register a file of copies"},
                                 Needs::kReason, add_load_options, run_load);
  add_admin_command<CopyOptions>(
      copy, chosen, language, {"count", "Copies by kind and load"}, Needs::kReading,
      [](CommandLine command, CopyOptions& options) {
        command.footer("Example: nakadachi copy count --csv");
        add_csv_option(command, options.admin);
      },
      run_count);
  add_admin_command<CopyOptions>(
      copy, chosen, language, {"delete", "Delete one person's copy"}, Needs::kReason,
      [](CommandLine command, CopyOptions& options) {
        command.footer(
            "Example: nakadachi copy delete --person 42 --kind TM00000000000002 \\\n"
            "           --who 税務課 --why 誤登録の取消");
        command.add_option("--person", options.person, "団体内統合宛名番号").required();
        command.add_option("--kind", options.kind, kKindHelp).required();
      },
      run_delete);
  add_admin_command<CopyOptions>(
      copy, chosen, language, {"mode", "How a kind is answered"}, Needs::kReason,
      [](CommandLine command, CopyOptions& options) {
        command.footer(
            "Example: nakadachi copy mode --kind TM00000000000002 --mode approval \\\n"
            "           --who 税務課 --why 確認期間");
        command.add_option("--kind", options.kind, kKindHelp).required();
        command
            .add_option("--mode", options.mode,
                        "copy: at once; approval: when staff agree; live: the business system "
                        "answers itself")
            .required()
            .one_of({"copy", "live", "approval"});
        command.add_flag("--dry-run", options.dry_run, "only show what would change");
      },
      run_mode);
  add_admin_command<CopyOptions>(
      copy, chosen, language, {"modes", "Kinds that are not just answered from copies"},
      Needs::kReading,
      [](CommandLine command, CopyOptions& options) {
        command.footer("Example: nakadachi copy modes --csv");
        add_csv_option(command, options.admin);
      },
      run_modes);
}

}  // namespace nakadachi::apps
