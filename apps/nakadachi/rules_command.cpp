#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "apps/common/config.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/law_files.hpp"
#include "apps/common/list_csv.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/report_options.hpp"
#include "nakadachi/rules/explain.hpp"
#include "nakadachi/rules/importer.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/rules/table_diff.hpp"

namespace nakadachi::apps {
namespace {

using rules::AffairFact;
using rules::InstitutionClass;
using rules::LegalFacts;
using rules::RuleRow;

constexpr std::string_view kShipped = "shipped";
constexpr int kNotAllowed = 1;
constexpr int kUndecided = 1;
constexpr int kNotJudged = 2;

struct RulesOptions {
  std::string table = std::string(kShipped);
  std::string second_table;
  std::string out;
  std::string item;
  std::string asker_class;
  std::string asker_municipality;
  std::string affair;
  std::string procedure;
  std::string provider_class;
  std::string provider_municipality;
  std::string kind;
  std::string date;
  std::string config;
  std::string conditions;
  std::string ordinances;
  bool csv = false;
  ReportOptions report;
};

Error not_found(std::string_view field, const std::string& text) {
  return {.code = ErrorCode::kUnknownEnumValue, .field = field, .detail = text};
}

/// The shipped table, a file of facts, or the wording of the ordinance: what of it could not be
/// decided is not there, and told on standard error.
Result<LegalFacts> load_facts(const std::string& name, const RulesOptions& options) {
  NAKADACHI_TRY(LegalFacts shipped, embedded_facts());
  if (name == kShipped) return shipped;
  NAKADACHI_TRY(const std::string text, read_file(name));
  if (!rules::looks_like_ordinance(text)) {
    auto facts = LegalFacts::parse(text);
    return facts ? std::move(facts) : in_file(facts.error(), name);
  }
  NAKADACHI_TRY(rules::Import import, rules::import_ordinance(text, shipped));
  const rules::Share rows = import.report.all();
  if (rows.decided < rows.all) {
    const std::size_t left_out = rows.all - rows.decided;
    if (options.report.language() == Language::kJapanese) {
      fmt::print(
          stderr,
          "{0}: {2}行のうち{1}行は確定できないため除外しています（nakadachi rules import {0} "
          "で理由を表示）\n",
          name, left_out, rows.all);
    } else {
      fmt::print(stderr,
                 "{0}: {1} of {2} rows could not be decided and are left out (nakadachi rules "
                 "import {0} says why)\n",
                 name, left_out, rows.all);
    }
  }
  return std::move(import.facts);
}

Result<InstitutionClass> find_class(const LegalFacts& facts, std::string_view field,
                                    const std::string& text) {
  for (const rules::ClassFact& fact : facts.classes.classes()) {
    if (fmt::format("{}", static_cast<unsigned>(fact.number)) == text) return fact.number;
  }
  const rules::ClassFact* const fact = facts.classes.find(text);
  if (fact == nullptr) return not_found(field, text);
  return fact->number;
}

Result<const rules::KindFact*> find_kind(const LegalFacts& facts, const std::string& text) {
  const rules::KindFact* const kind = facts.find_kind(text);
  if (kind == nullptr) return not_found("kind", text);
  return kind;
}

template <class Names>
std::string joined(const Names& names) {
  return fmt::format("{}", fmt::join(names, "、"));
}

std::vector<std::string> class_names(const LegalFacts& facts,
                                     const std::vector<InstitutionClass>& classes) {
  std::vector<std::string> names;
  names.reserve(classes.size());
  for (const InstitutionClass one : classes) names.push_back(facts.classes.name_of(one));
  return names;
}

// import ----------------------------------------------------------------------

double per_cent(const rules::Share& share) {
  return share.all == 0
             ? 100.0
             : 100.0 * static_cast<double>(share.decided) / static_cast<double>(share.all);
}

nlohmann::json share_json(const rules::Share& share) {
  return {{"decided", share.decided}, {"rows", share.all}, {"per_cent", per_cent(share)}};
}

void print_import(const rules::ImportReport& report, const RulesOptions& options) {
  const bool japanese = options.report.language() == Language::kJapanese;
  for (const rules::RowReport& row : report.rows) {
    for (const rules::Reason& reason : row.reasons) {
      fmt::print("{}:{} {} {}: {}\n", options.table, row.line, japanese ? "項" : "item", row.item,
                 describe(reason, options.report.language()));
    }
  }
  const auto list = [](std::string_view title, const std::vector<std::string>& names) {
    for (const std::string& name : names) fmt::print("{}: {}\n", title, name);
  };
  list(japanese ? "新しい法令名" : "new law", report.new_laws);
  list(japanese ? "新しい機関の区分" : "new class", report.new_classes);
  list(japanese ? "新しい特定個人情報名" : "new kind", report.new_kinds);
  const auto line = [&](std::string_view title, const rules::Share& share) {
    fmt::print("{}: {} / {} ({:.1f} %)\n", title, share.decided, share.all, per_cent(share));
  };
  line(japanese ? "市町村に関わる行の確定" : "rows of municipalities decided", report.municipal());
  line(japanese ? "全行の確定" : "all rows decided", report.all());
}

void print_import_json(const rules::Import& import, const RulesOptions& options) {
  nlohmann::json rows = nlohmann::json::array();
  for (const rules::RowReport& row : import.report.rows) {
    nlohmann::json reasons = nlohmann::json::array();
    for (const rules::Reason& reason : row.reasons) {
      reasons.push_back(describe(reason, options.report.language()));
    }
    rows.push_back({{"line", row.line},
                    {"item", row.item},
                    {"municipal", row.municipal},
                    {"decided", row.decided()},
                    {"reasons", reasons}});
  }
  const rules::LegalTable table(import.facts);
  fmt::print("{}\n", nlohmann::json({{"all", share_json(import.report.all())},
                                     {"municipal", share_json(import.report.municipal())},
                                     {"new_laws", import.report.new_laws},
                                     {"new_classes", import.report.new_classes},
                                     {"new_kinds", import.report.new_kinds},
                                     {"fingerprint", fmt::format("{:016x}", table.fingerprint())},
                                     {"rows", rows}})
                         .dump(2));
}

Result<void> run_import(const RulesOptions& options, int& status) {
  NAKADACHI_TRY(const LegalFacts vocabulary, embedded_facts());
  NAKADACHI_TRY(const std::string text, read_file(options.table));
  NAKADACHI_TRY(const rules::Import import, rules::import_ordinance(text, vocabulary));
  if (options.report.json) {
    print_import_json(import, options);
  } else {
    print_import(import.report, options);
  }
  if (import.report.all().decided < import.report.all().all) status = kUndecided;
  if (options.out.empty()) return {};
  return write_private_file(options.out, import.facts.write());
}

// list ------------------------------------------------------------------------

bool names_class(const LegalFacts& facts, const std::vector<InstitutionClass>& written,
                 const std::optional<InstitutionClass>& wanted) {
  if (!wanted) return true;
  for (const InstitutionClass one : written) {
    if (facts.classes.includes(one, *wanted)) return true;
  }
  return false;
}

struct RowFilter {
  std::optional<rules::ItemNumber> item;
  std::optional<InstitutionClass> inquirer;
  std::optional<InstitutionClass> provider;
  std::optional<InformationKind> kind;

  bool takes(const LegalFacts& facts, const RuleRow& row) const {
    const bool has_kind =
        !kind || std::find(row.kinds.begin(), row.kinds.end(), *kind) != row.kinds.end();
    return has_kind && (!item || row.item == *item) &&
           names_class(facts, row.inquirers, inquirer) &&
           names_class(facts, row.providers, provider);
  }
};

Result<RowFilter> filter_of(const LegalFacts& facts, const RulesOptions& options) {
  RowFilter filter;
  if (!options.item.empty()) {
    filter.item = rules::ItemNumber::parse(options.item);
    if (!filter.item) return not_found("item", options.item);
  }
  if (!options.asker_class.empty()) {
    NAKADACHI_TRY(filter.inquirer, find_class(facts, "inquirer", options.asker_class));
  }
  if (!options.provider_class.empty()) {
    NAKADACHI_TRY(filter.provider, find_class(facts, "provider", options.provider_class));
  }
  if (!options.kind.empty()) {
    NAKADACHI_TRY(const rules::KindFact* const kind, find_kind(facts, options.kind));
    filter.kind = kind->code;
  }
  return filter;
}

constexpr std::array<ListColumn, 8> kRowColumns = {{{"item", "項"},
                                                    {"affair", "事務"},
                                                    {"title", "事務の名称"},
                                                    {"article", "条"},
                                                    {"inquirers", "照会者"},
                                                    {"providers", "提供者"},
                                                    {"kinds", "特定個人情報"},
                                                    {"kind_names", "特定個人情報名"}}};

void print_rows(const RulesOptions& options, const nlohmann::json& rows,
                std::span<const ListColumn> columns) {
  if (options.csv) {
    fmt::print("{}", list_csv(rows, columns, options.report.language() == Language::kJapanese));
  } else {
    print_json(rows);
  }
}

/// In JSON a kind is a code with its name; in CSV there is a column of each.
nlohmann::json kinds_json(const LegalFacts& facts, const RuleRow& row, bool csv) {
  nlohmann::json kinds = nlohmann::json::array();
  for (const InformationKind kind : row.kinds) {
    if (csv) {
      kinds.push_back(kind.text());
    } else {
      kinds.push_back({{"code", kind.text()}, {"name", facts.name_of(kind)}});
    }
  }
  return kinds;
}

Result<void> run_list(const RulesOptions& options) {
  NAKADACHI_TRY(const LegalFacts facts, load_facts(options.table, options));
  NAKADACHI_TRY(const RowFilter filter, filter_of(facts, options));
  nlohmann::json rows = nlohmann::json::array();
  for (const RuleRow& row : facts.rows) {
    if (!filter.takes(facts, row)) continue;
    const AffairFact* const affair = facts.find_affair(row.affair);
    const std::string title = affair != nullptr ? title_of(*affair) : row.affair.text();
    std::vector<std::string> names;
    names.reserve(row.kinds.size());
    for (const InformationKind kind : row.kinds) names.push_back(facts.name_of(kind));
    if (!options.report.json && !options.csv) {
      fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", row.item.text(), row.affair.text(),
                 joined(class_names(facts, row.inquirers)), title,
                 joined(class_names(facts, row.providers)), joined(names));
      continue;
    }
    rows.push_back({{"item", row.item.text()},
                    {"affair", row.affair.text()},
                    {"title", title},
                    {"article", affair != nullptr ? affair->article : ""},
                    {"inquirers", class_names(facts, row.inquirers)},
                    {"providers", class_names(facts, row.providers)},
                    {"kinds", kinds_json(facts, row, options.csv)}});
    if (options.csv) rows.back()["kind_names"] = names;
  }
  if (options.report.json || options.csv) print_rows(options, rows, kRowColumns);
  return {};
}

// explain ---------------------------------------------------------------------

Result<rules::Party> party_of(const LegalFacts& facts, std::string_view field,
                              const std::string& institution_class,
                              const std::string& municipality) {
  rules::Party party;
  NAKADACHI_TRY(party.institution_class, find_class(facts, field, institution_class));
  if (municipality.empty()) return party;
  NAKADACHI_TRY(party.municipality, MunicipalityCode::parse(municipality));
  return party;
}

Result<rules::Question> question_of(const LegalFacts& facts, const RulesOptions& options) {
  rules::Question question;
  NAKADACHI_TRY(question.inquirer,
                party_of(facts, "asker-class", options.asker_class, options.asker_municipality));
  NAKADACHI_TRY(question.provider, party_of(facts, "provider-class", options.provider_class,
                                            options.provider_municipality));
  // An affair of the body's own stands in its ordinance, not in the table.
  const auto code = AffairCode::parse(options.affair);
  const AffairFact* const affair = facts.find_affair(options.affair);
  if (!code && affair == nullptr) return not_found("affair", options.affair);
  question.affair = code ? *code : affair->code;
  if (!options.procedure.empty()) {
    NAKADACHI_TRY(question.procedure, ProcedureCode::parse(options.procedure));
  }
  NAKADACHI_TRY(const rules::KindFact* const kind, find_kind(facts, options.kind));
  question.kind = kind->code;
  return question;
}

/// The law to judge by: a node's, or one table on all days.
Result<std::vector<DatedFacts>> tables_of(const LawConfig& configured,
                                          const RulesOptions& options) {
  if (!options.config.empty()) return load_tables(configured);
  NAKADACHI_TRY(LegalFacts facts, load_facts(options.table, options));
  return std::vector{DatedFacts{options.table, std::move(facts), {}, options.conditions}};
}

/// For names: the facts of the table in force, of the last one when none is.
const LegalFacts& facts_on(const std::vector<DatedFacts>& tables, Day day) {
  for (const DatedFacts& dated : tables) {
    if (dated.in_force.holds(day)) return dated.facts;
  }
  return tables.back().facts;
}

Result<Day> day_of(const RulesOptions& options) {
  if (options.date.empty()) return Day::of(SystemClock().now());
  const auto given = Day::parse(options.date);
  if (!given) return not_found("date", options.date);
  return *given;
}

std::string_view source_word(rules::Source source) {
  switch (source) {
    case rules::Source::kTable:
      return "table";
    case rules::Source::kNetworkOrdinance:
      return "network_ordinance";
    case rules::Source::kWithinBodyOrdinance:
      return "within_body_ordinance";
    case rules::Source::kNone:
      break;
  }
  return "none";
}

nlohmann::json explain_json(const rules::Verdict& verdict, Day day, Language language,
                            const std::vector<std::string>& lines) {
  nlohmann::json made = {
      {"allowed", verdict.allowed},
      {"verdict", describe(verdict, language)},
      {"source", source_word(verdict.source)},
      {"item", verdict.item.text()},
      {"level", verdict.level == rules::Level::kRow ? "row" : "procedure"},
      {"data_items", std::vector(verdict.data_items.begin(), verdict.data_items.end())},
      {"date", day.text()},
      {"fingerprint", fmt::format("{:016x}", verdict.fingerprint)},
      {"explanation", lines}};
  if (verdict.ordinance != nullptr) made["ordinance"] = verdict.ordinance->name;
  return made;
}

Result<void> run_explain(const RulesOptions& options, int& status) {
  status = kNotJudged;
  LawConfig configured{.tables = {}, .conditions_file = {}, .ordinances_file = options.ordinances};
  if (!options.config.empty()) {
    NAKADACHI_TRY(const NodeConfig node, load_node_config(options.config));
    configured = node.law;
  }
  NAKADACHI_TRY(const std::vector<DatedFacts> tables, tables_of(configured, options));
  NAKADACHI_TRY(const Day day, day_of(options));
  const LegalFacts& facts = facts_on(tables, day);
  NAKADACHI_TRY(const rules::Question question, question_of(facts, options));
  NAKADACHI_TRY(const rules::LawBook book, make_law(tables, configured.ordinances_file));
  const rules::Verdict verdict = book.judge(question, day);
  const auto lines = rules::explain(book, facts, question, day, options.report.language());
  status = verdict.allowed ? 0 : kNotAllowed;
  if (options.report.json) {
    fmt::print("{}\n", explain_json(verdict, day, options.report.language(), lines).dump(2));
  } else {
    fmt::print("{}\n", fmt::join(lines, "\n"));
  }
  return {};
}

// diff ------------------------------------------------------------------------

std::string_view change_word(rules::Change change, bool japanese) {
  switch (change) {
    case rules::Change::kOpens:
      return japanese ? "追加" : "opens";
    case rules::Change::kCloses:
      return japanese ? "廃止" : "closes";
    case rules::Change::kChanges:
      break;
  }
  return japanese ? "変更" : "changes";
}

constexpr std::array<ListColumn, 5> kDifferenceColumns = {{{"change", "変更"},
                                                           {"item", "項"},
                                                           {"subject", "対象"},
                                                           {"before", "改正前"},
                                                           {"after", "改正後"}}};

Result<void> run_diff(const RulesOptions& options) {
  NAKADACHI_TRY(const LegalFacts before, load_facts(options.table, options));
  NAKADACHI_TRY(const LegalFacts after, load_facts(options.second_table, options));
  nlohmann::json list = nlohmann::json::array();
  for (const rules::Difference& one : rules::difference(before, after)) {
    if (options.report.json || options.csv) {
      list.push_back({{"change", change_word(one.change, false)},
                      {"item", one.item.text()},
                      {"subject", one.subject},
                      {"before", one.before},
                      {"after", one.after}});
    } else {
      fmt::print("{}\t{}\t{}\t{}\t{}\n",
                 change_word(one.change, options.report.language() == Language::kJapanese),
                 one.item.text(), one.subject, one.before, one.after);
    }
  }
  if (options.report.json || options.csv) print_rows(options, list, kDifferenceColumns);
  return {};
}

// Options ---------------------------------------------------------------------

constexpr const char* kClassHelp = "class by name (市町村長) or number (1)";

CommandLine add_import(CommandLine rules, RulesOptions& options) {
  const CommandLine command =
      rules.add_command("import", "Compile the wording of the table to facts, with a report");
  command.footer(
      "What cannot be decided is told row by row and allows nothing.\n"
      "Exit status: 0 when every row is decided, else 1.\n"
      "Example: nakadachi rules import table.tsv --out legal_table.tsv");
  command
      .add_option("FILE", options.table,
                  "item, item_kanji, inquirer, affair, provider, information")
      .required();
  command.add_option("--out", options.out, "also write the facts to this file");
  add_json_option(command, options.report.json);
  return command;
}

CommandLine add_list(CommandLine rules, RulesOptions& options) {
  const CommandLine command = rules.add_command("list", "Rows of the table");
  command.footer("Example: nakadachi rules list --inquirer 市町村長 --kind 地方税関係情報");
  command.add_option("--table", options.table, "file, or `shipped`").shows_default();
  command.add_option("--item", options.item, "48, or 20-2");
  command.add_option("--inquirer", options.asker_class, kClassHelp);
  command.add_option("--provider", options.provider_class, kClassHelp);
  command.add_option("--kind", options.kind, "by name or TM code");
  add_json_option(command, options.report.json);
  command.add_flag("--csv", options.csv, "CSV, UTF-8");
  return command;
}

CommandLine add_explain(CommandLine rules, RulesOptions& options) {
  const CommandLine command =
      rules.add_command("explain", "Why the law allows a question, or does not");
  command.footer(
      "Exit status: 0 allowed, 1 not allowed, 2 the question could not be judged.\n"
      "Example: nakadachi rules explain --asker-class 市町村長 --affair 48 \\\n"
      "           --provider-class 市町村長 --kind 地方税関係情報 --date 2026-06-14");
  command.add_option("--asker-class", options.asker_class, kClassHelp).required();
  command.add_option("--affair", options.affair, "JM code, item, or what it is about").required();
  command.add_option("--provider-class", options.provider_class, kClassHelp).required();
  command.add_option("--kind", options.kind, "by name or TM code").required();
  command.add_option("--procedure", options.procedure, "JT code");
  command.add_option("--date", options.date, "day in Japan, today unless given");
  command.add_option("--asker-municipality", options.asker_municipality, "six digits");
  command.add_option("--provider-municipality", options.provider_municipality, "six digits");
  const CommandOption config = command.add_option(
      "--config", options.config, "node.toml: judge by the tables with their days it names");
  command.add_option("--table", options.table, "file, or `shipped`, as law on all days")
      .shows_default()
      .excludes(config);
  command.add_option("--conditions", options.conditions, "file of the second level")
      .excludes(config);
  command.add_option("--ordinances", options.ordinances, "file of local ordinances")
      .excludes(config);
  add_json_option(command, options.report.json);
  return command;
}

CommandLine add_diff(CommandLine rules, RulesOptions& options) {
  const CommandLine command =
      rules.add_command("diff", "What opens, closes and changes from one table to another");
  command.footer("Example: nakadachi rules diff shipped next_year.tsv");
  command.add_option("A", options.table, "file, or `shipped`").required();
  command.add_option("B", options.second_table, "file, or `shipped`").required();
  add_json_option(command, options.report.json);
  command.add_flag("--csv", options.csv, "CSV, UTF-8");
  return command;
}

}  // namespace

void add_rules_command(CommandLine app, Command& chosen, int& status,
                       const ChosenLanguage& language) {
  const CommandLine rules = app.add_command("rules", "The legal table: who may ask whom for what");
  rules.needs_command();
  const auto options = std::make_shared<RulesOptions>(RulesOptions{.report = {&language}});
  const auto choose = [&chosen](CommandLine command, Command run) {
    command.when_chosen([&chosen, run = std::move(run)] { chosen = run; });
  };
  choose(add_import(rules, *options), [options, &status] { return run_import(*options, status); });
  choose(add_list(rules, *options), [options] { return run_list(*options); });
  choose(add_explain(rules, *options),
         [options, &status] { return run_explain(*options, status); });
  choose(add_diff(rules, *options), [options] { return run_diff(*options); });
}

}  // namespace nakadachi::apps
