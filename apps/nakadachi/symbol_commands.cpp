#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>

#include "apps/common/command_values.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "nakadachi/copies/csv.hpp"
#include "nakadachi/copies/layout.hpp"

namespace nakadachi::apps {
namespace {

struct SymbolOptions {
  AdminOptions admin;
  std::vector<std::string> persons;
  std::string file;
  bool dry_run = false;
  std::string symbol;
  std::string from;
  std::string to;
  std::string inquiry;
  std::string name;
  std::string birth_date;
  std::string sex;
  std::string home;
};

// acquire ---------------------------------------------------------------------

Result<std::vector<AddressNumber>> persons_of(const SymbolOptions& options) {
  std::vector<AddressNumber> persons;
  if (!options.file.empty()) {
    NAKADACHI_TRY(const std::string text, read_lines(options.file));
    NAKADACHI_TRY(persons, read_person_numbers(text));
  }
  persons.reserve(persons.size() + options.persons.size());
  for (const std::string& text : options.persons) {
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(text));
    persons.push_back(person);
  }
  if (persons.empty()) return Error{.code = ErrorCode::kMissingField, .field = "person"};
  return persons;
}

/// Only looks at the numbers: what the node would do of each it does not tell beforehand.
void print_acquire_dry_run(const SymbolOptions& options,
                           const std::vector<AddressNumber>& persons) {
  const std::size_t once = std::set<AddressNumber>(persons.begin(), persons.end()).size();
  if (options.admin.json) {
    return print_json({{"rows", persons.size()}, {"persons", once}, {"dry_run", true}});
  }
  fmt::print("{}: {}  {}: {}\n", options.admin.say("rows, all well written", "正しく書かれた行"),
             persons.size(), options.admin.say("persons", "対象者"), once);
}

Result<void> run_acquire(const SymbolOptions& options) {
  NAKADACHI_TRY(const auto persons, persons_of(options));
  if (options.dry_run) {
    print_acquire_dry_run(options, persons);
    return {};
  }
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  std::vector<wire::AdminCommand> commands;
  commands.reserve(persons.size());
  for (const AddressNumber& person : persons) commands.emplace_back(wire::Acquire{person});
  std::vector<std::optional<wire::AcquisitionUnderWay>> begun(persons.size());
  Failures failures;
  desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
    if (auto one = admin::as<wire::AcquisitionUnderWay>(std::move(answer)); one) {
      begun[place] = *one;
    } else {
      failures.add(place, one.error(), options.admin);
    }
  });
  nlohmann::json list = nlohmann::json::array();
  std::string csv = copies::csv_line(
      std::vector<std::string>{std::string(copies::kPersonColumn), "取得番号", "有効期限"});
  for (std::size_t i = 0; i < persons.size(); ++i) {
    if (!begun[i]) continue;
    const std::string number = std::to_string(begun[i]->number);
    const std::string until = to_iso8601(begun[i]->valid_until);
    if (options.admin.json) {
      list.push_back({{"person", shown(persons[i])}, {"number", number}, {"valid_until", until}});
    } else {
      csv += copies::csv_line(std::vector<std::string>{shown(persons[i]), number, until});
    }
  }
  if (options.admin.json) {
    print_json(list);
  } else {
    fmt::print("{}", csv);
  }
  return failures.result();
}

// import ----------------------------------------------------------------------

Result<void> run_import(const SymbolOptions& options) {
  NAKADACHI_TRY(const auto symbols, read_former_symbols(options.file));
  std::size_t bound = 0;
  std::size_t unchanged = 0;
  Failures failures;
  if (!options.dry_run) {
    NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
    std::vector<wire::AdminCommand> commands;
    commands.reserve(symbols.size());
    for (const FormerSymbol& one : symbols) {
      commands.emplace_back(wire::BindSymbol{one.person, one.symbol});
    }
    desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
      if (const auto done = admin::as<wire::Done>(std::move(answer)); done) {
        ++(done->count > 0 ? bound : unchanged);
      } else {
        failures.add(place, done.error(), options.admin);
      }
    });
  }
  if (options.admin.json) {
    print_json({{"rows", symbols.size()},
                {"bound", bound},
                {"unchanged", unchanged},
                {"dry_run", options.dry_run}});
  } else if (options.dry_run) {
    fmt::print("{}: {}\n", options.admin.say("rows, all well written", "正しく書かれた行"),
               symbols.size());
  } else {
    fmt::print("{}: {}  {}: {}  {}: {}\n", options.admin.say("rows", "行"), symbols.size(),
               options.admin.say("bound", "登録"), bound,
               options.admin.say("were so already", "登録済み"), unchanged);
  }
  return failures.result();
}

// end, move -------------------------------------------------------------------

/// Of how many persons the symbol was ended, or would be.
void print_ended(const SymbolOptions& options, std::size_t persons, std::size_t ended) {
  const AdminOptions& admin = options.admin;
  if (admin.json) {
    return print_json({{"persons", persons},
                       {options.dry_run ? "would_end" : "ended", ended},
                       {"without", persons - ended},
                       {"dry_run", options.dry_run}});
  }
  fmt::print("{}: {}  {}: {}  {}: {}\n", admin.say("persons", "対象者"), persons,
             options.dry_run ? admin.say("would end", "終了見込み") : admin.say("ended", "終了"),
             ended, admin.say("without a symbol", "符号なし"), persons - ended);
}

Result<void> run_end(const SymbolOptions& options) {
  NAKADACHI_TRY(const auto given, persons_of(options));
  const std::set<AddressNumber> persons(given.begin(), given.end());
  NAKADACHI_TRY(Desk desk,
                Desk::open(options.admin, options.dry_run ? Needs::kReading : Needs::kReason));
  std::vector<wire::AdminCommand> commands;
  commands.reserve(persons.size());
  for (const AddressNumber& person : persons) {
    if (options.dry_run) {
      commands.emplace_back(wire::ShowSymbol{person});
    } else {
      commands.emplace_back(wire::EndSymbol{person});
    }
  }
  std::size_t ended = 0;
  Failures failures;
  desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
    if (!answer) return failures.add(place, answer.error(), options.admin);
    const auto* const done = std::get_if<wire::Done>(&*answer);
    const auto* const shown = std::get_if<wire::SymbolShown>(&*answer);
    if ((done != nullptr && done->count > 0) || (shown != nullptr && shown->bound)) ++ended;
  });
  print_ended(options, persons.size(), ended);
  return failures.result();
}

Result<void> run_move(const SymbolOptions& options) {
  NAKADACHI_TRY(const AddressNumber from, AddressNumber::parse(options.from));
  NAKADACHI_TRY(const AddressNumber to, AddressNumber::parse(options.to));
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(wire::MoveSymbol{from, to}));
  print_done(options.admin, wire::Done{.count = done.count > 0 ? 1U : 0U});
  return {};
}

// show ------------------------------------------------------------------------

Result<wire::ShowSymbol> wanted(const SymbolOptions& options) {
  if (options.symbol.empty()) {
    if (options.persons.size() != 1) {
      return Error{.code = ErrorCode::kMissingField, .field = "person"};
    }
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.persons.front()));
    return wire::ShowSymbol{person};
  }
  const auto bytes = from_hex(options.symbol);
  const auto symbol = bytes ? Symbol::from(*bytes) : Result<Symbol>(ErrorCode::kWrongFormat);
  if (!symbol) return Error{.code = ErrorCode::kWrongFormat, .field = "symbol"};
  return wire::ShowSymbol{*symbol};
}

Result<void> run_show(const SymbolOptions& options) {
  NAKADACHI_TRY(const wire::ShowSymbol show, wanted(options));
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto found, desk.ask<wire::SymbolShown>(show));
  const AdminOptions& admin = options.admin;
  if (admin.json) {
    print_json({{"person", found.person ? nlohmann::json(shown(*found.person)) : nlohmann::json()},
                {"bound", found.bound},
                {"under_way_until", found.under_way_until
                                        ? nlohmann::json(to_iso8601(*found.under_way_until))
                                        : nlohmann::json()}});
    return {};
  }
  if (!found.person) {
    fmt::print("{}\n", admin.say("nobody's", "該当する者はいません"));
    return {};
  }
  fmt::print("{}  {}", shown(*found.person),
             found.bound ? admin.say("acquired", "取得済み") : admin.say("not acquired", "未取得"));
  if (found.under_way_until) {
    fmt::print("  {} {}", admin.say("under way, valid until", "取得中、有効期限"),
               shown_in_japan(*found.under_way_until));
  }
  fmt::print("\n");
  return {};
}

// count, under-way, ask-provider, requests ------------------------------------

constexpr std::array<ListColumn, 2> kCountColumns = {
    {{"bound", "取得済み"}, {"under_way", "取得中"}}};
constexpr std::array<ListColumn, 2> kUnderWayColumns = {
    {{"person", copies::kPersonColumn}, {"valid_until", "有効期限"}}};
constexpr std::array<ListColumn, 8> kRequestColumns = {{{"asker", "照会者"},
                                                        {"asked_at", "照会日時"},
                                                        {"name", "氏名"},
                                                        {"birth_date", "生年月日"},
                                                        {"sex", "性別"},
                                                        {"address", "住所"},
                                                        {"begun", "取得開始"},
                                                        {"candidates", "候補"}}};

Result<void> run_count(const SymbolOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto counts, desk.ask<wire::SymbolCounts>(wire::CountSymbols{}));
  const nlohmann::json count = {{"bound", counts.bound}, {"under_way", counts.under_way}};
  if (options.admin.csv) {
    print_rows(options.admin, nlohmann::json::array({count}), kCountColumns);
  } else if (options.admin.json) {
    print_json(count);
  } else {
    fmt::print("{}: {}\n{}: {}\n", options.admin.say("acquired", "取得済み"), counts.bound,
               options.admin.say("under way", "取得中"), counts.under_way);
  }
  return {};
}

/// Also those that were begun at the wish of another body, which nobody here was told the number
/// of: `acquire` tells it.
Result<void> run_under_way(const SymbolOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  nlohmann::json list = nlohmann::json::array();
  wire::ListAcquisitions wanted;
  do {
    NAKADACHI_TRY(const auto page, desk.ask<wire::Acquisitions>(wanted));
    for (const wire::Acquisition& one : page.acquisitions) {
      if (wants_rows(options.admin)) {
        list.push_back(
            {{"person", shown(one.person)}, {"valid_until", to_iso8601(one.valid_until)}});
      } else {
        fmt::print("{}  {} {}\n", shown(one.person), options.admin.say("valid until", "有効期限"),
                   shown_in_japan(one.valid_until));
      }
    }
    if (!wants_rows(options.admin) && page.acquisitions.empty() && !wanted.after) {
      fmt::print("{}\n", options.admin.say("none under way", "取得中の者はいません"));
    }
    wanted.after = page.next;
  } while (wanted.after);
  if (wants_rows(options.admin)) print_rows(options.admin, list, kUnderWayColumns);
  return {};
}

Result<void> run_ask_provider(const SymbolOptions& options) {
  const auto bytes = from_hex(options.inquiry);
  const auto inquiry = bytes ? RequestKey::from(*bytes) : std::nullopt;
  if (!inquiry) return Error{.code = ErrorCode::kWrongFormat, .field = "key"};
  NAKADACHI_TRY(auto name, symbols::PersonName::parse(options.name));
  NAKADACHI_TRY(const auto birth_date, symbols::BirthDate::parse(options.birth_date));
  NAKADACHI_TRY(const symbols::Sex sex, parse_sex(options.sex));
  NAKADACHI_TRY(auto home, symbols::HomeAddress::parse(options.home));
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  symbols::FourItems person{std::move(name), birth_date, sex, std::move(home)};
  NAKADACHI_TRY(const auto done,
                desk.ask<wire::Done>(wire::AskToAcquire{*inquiry, std::move(person)}));
  print_done(options.admin, done);
  return {};
}

Result<void> run_requests(const SymbolOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto wishes,
                desk.ask<wire::AcquisitionWishes>(wire::ListAcquisitionRequests{}));
  nlohmann::json list = nlohmann::json::array();
  for (const wire::AcquisitionWish& wish : wishes.wishes) {
    std::vector<std::string> candidates;
    candidates.reserve(wish.candidates.size());
    for (const AddressNumber& candidate : wish.candidates) candidates.push_back(shown(candidate));
    const symbols::BirthDate::Parts& born = wish.person.birth_date.reveal();
    const std::string birth_date =
        fmt::format("{:04}-{:02}-{:02}", born.year, unsigned{born.month}, unsigned{born.day});
    if (wants_rows(options.admin)) {
      list.push_back({{"asker", wish.asker.text()},
                      {"asked_at", to_iso8601(wish.asked_at)},
                      {"name", wish.person.name.reveal()},
                      {"birth_date", birth_date},
                      {"sex", word_of(wish.person.sex, false)},
                      {"address", wish.person.home.reveal()},
                      {"begun", wish.begun},
                      {"candidates", candidates}});
      continue;
    }
    fmt::print("{}  {}  {}  {} {} {} {}\n", wish.asker.text(), shown_in_japan(wish.asked_at),
               wish.begun ? options.admin.say("begun", "取得開始")
                          : options.admin.say("for staff", "要確認"),
               wish.person.name.reveal(), birth_date,
               word_of(wish.person.sex, options.admin.japanese()), wish.person.home.reveal());
    for (const std::string& candidate : candidates) {
      fmt::print("    {} {}\n", options.admin.say("perhaps", "候補"), candidate);
    }
  }
  if (wants_rows(options.admin)) {
    print_rows(options.admin, list, kRequestColumns);
  } else if (wishes.wishes.empty()) {
    fmt::print("{}\n", options.admin.say("no requests", "求めはありません"));
  }
  return {};
}

// Options ---------------------------------------------------------------------

void add_acquire_options(CommandLine command, SymbolOptions& options) {
  command.footer(
      "Prints 取得番号 as CSV for the resident system. Asking again tells the same number.\n"
      "Example: nakadachi symbol acquire --file persons.csv --who 市民課 --why 転入");
  command.add_option("--person", options.persons, "団体内統合宛名番号; one or more");
  command.add_option("--file", options.file, "CSV with 団体内統合宛名番号 as first column");
  command.add_flag("--dry-run", options.dry_run, "only look at the numbers");
}

void add_import_options(CommandLine command, SymbolOptions& options) {
  command.footer(
      "The file is CSV headed 団体内統合宛名番号, 符号; or has the two with a tab between and no\n"
      "header.\n"
      "Example: nakadachi symbol import --file symbols.tsv --who 情報課 --why 移行 --dry-run");
  command
      .add_option("--file", options.file,
                  "CSV, or tab-separated: 団体内統合宛名番号, symbol (hexadecimal)")
      .required();
  command.add_flag("--dry-run", options.dry_run, "only look at the file");
}

void add_end_options(CommandLine command, SymbolOptions& options) {
  command.footer(
      "For good: the core system issues a symbol once, so it comes back only from a file of\n"
      "symbol import. Copies and flags stay.\n"
      "Example: nakadachi symbol end --file left.csv --who 市民課 --why 保存期間満了 --dry-run");
  command.add_option("--person", options.persons, "団体内統合宛名番号; one or more");
  command.add_option("--file", options.file, "CSV with 団体内統合宛名番号 as first column");
  command.add_flag("--dry-run", options.dry_run, "only tell how many have one");
}

void add_move_options(CommandLine command, SymbolOptions& options) {
  command.footer(
      "For a symbol that was bound to the wrong person. Copies and flags stay where they are;\n"
      "numbers of one person are made one by person merge.\n"
      "Example: nakadachi symbol move --from 42 --to 43 --who 市民課 --why 誤紐付けの訂正");
  command.add_option("--from", options.from, "団体内統合宛名番号 it is bound to").required();
  command.add_option("--to", options.to, "団体内統合宛名番号 of the right person, without a symbol")
      .required();
}

void add_ask_provider_options(CommandLine command, SymbolOptions& options) {
  command.footer(
      "After an outcome provider_holds_no_symbol (施行令 26条3項). The question is named by its "
      "key,\n"
      "which query ask --json and records show tell. The wish is sent until it is followed.\n"
      "Example: nakadachi symbol ask-provider --key 019a…(32 digits) --name 山田花子 \\\n"
      "           --birth-date 1980-04-02 --sex 女 --address 北海道札幌市中央区1-1 \\\n"
      "           --who 福祉課 --why 照会");
  command.add_option("--key", options.inquiry, "of the question, 32 hexadecimal digits").required();
  command.add_option("--name", options.name, "氏名").required();
  command.add_option("--birth-date", options.birth_date, "1980-04-02").required();
  command.add_option("--sex", options.sex, "male, female, unknown, not_applicable; 男, 女")
      .required();
  command.add_option("--address", options.home, "住所").required();
}

}  // namespace

void add_symbol_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine symbol = app.add_command("symbol", "Symbols (符号) of your persons");
  symbol.needs_command();
  add_admin_command<SymbolOptions>(symbol, chosen, language,
                                   {"acquire", "Begin to acquire symbols"}, Needs::kReason,
                                   add_acquire_options, run_acquire);
  add_admin_command<SymbolOptions>(symbol, chosen, language,
                                   {"import", "Take over symbols acquired before"}, Needs::kReason,
                                   add_import_options, run_import);
  add_admin_command<SymbolOptions>(symbol, chosen, language,
                                   {"end", "Forget symbols of persons, for good"}, Needs::kReason,
                                   add_end_options, run_end);
  add_admin_command<SymbolOptions>(symbol, chosen, language,
                                   {"move", "Bind one to the person it should be bound to"},
                                   Needs::kReason, add_move_options, run_move);
  add_admin_command<SymbolOptions>(
      symbol, chosen, language, {"show", "Whether a person has one, or whose one is"},
      Needs::kReading,
      [](CommandLine command, SymbolOptions& options) {
        command.footer(
            "The symbol itself is not shown.\nExample: nakadachi symbol show --person 42");
        const CommandOption whose =
            command.add_option("--symbol", options.symbol, "whose? 32 hexadecimal digits");
        command.add_option("--person", options.persons, "団体内統合宛名番号")
            .takes(1)
            .excludes(whose);
      },
      run_show);
  add_admin_command<SymbolOptions>(
      symbol, chosen, language, {"count", "Acquired, and under way"}, Needs::kReading,
      [](CommandLine command, SymbolOptions& options) {
        command.footer("Example: nakadachi symbol count --csv");
        add_csv_option(command, options.admin);
      },
      run_count);
  add_admin_command<SymbolOptions>(
      symbol, chosen, language, {"under-way", "Whose symbols are being acquired"}, Needs::kReading,
      [](CommandLine command, SymbolOptions& options) {
        command.footer(
            "Also acquisitions begun at the wish of another body. symbol acquire tells the "
            "取得番号\n"
            "of each for the resident system, from the file made here.\n"
            "Example: nakadachi symbol under-way --csv --lang ja > persons.csv");
        add_csv_option(command, options.admin);
      },
      run_under_way);
  add_admin_command<SymbolOptions>(symbol, chosen, language,
                                   {"ask-provider", "Ask a provider to acquire one"},
                                   Needs::kReason, add_ask_provider_options, run_ask_provider);
  add_admin_command<SymbolOptions>(
      symbol, chosen, language, {"requests", "What others want us to acquire"}, Needs::kReading,
      [](CommandLine command, SymbolOptions& options) {
        command.footer("Example: nakadachi symbol requests --lang ja");
        add_csv_option(command, options.admin);
      },
      run_requests);
}

}  // namespace nakadachi::apps
