#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "apps/common/command_values.hpp"
#include "apps/common/holding_csv.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "nakadachi/base/random.hpp"

namespace nakadachi::apps {
namespace {

using symbols::AddressBook;
using symbols::PersonRecord;

struct PersonOptions {
  AdminOptions admin;
  std::string number;
  std::string name;
  std::string kana;
  std::string birth_date;
  std::string sex;
  std::string home;
  std::vector<std::string> business;
  bool exact = false;
  std::string survivor;
  std::string former;
  std::string file;
  bool dry_run = false;
};

// Shown -----------------------------------------------------------------------

std::string shown_date(const symbols::BirthDate& date) {
  const symbols::BirthDate::Parts& parts = date.reveal();
  return fmt::format("{:04}-{:02}-{:02}", parts.year, unsigned{parts.month}, unsigned{parts.day});
}

std::string shown_number(const symbols::BusinessNumber& number) {
  return fmt::format("{}:{:015}", number.system().value, number.reveal());
}

nlohmann::json json_of(const PersonRecord& person) {
  std::vector<std::string> business;
  business.reserve(person.business.size());
  for (const symbols::BusinessNumber& one : person.business) business.push_back(shown_number(one));
  std::vector<std::string> aliases;
  aliases.reserve(person.aliases.size());
  for (const AddressNumber& alias : person.aliases) aliases.push_back(shown(alias));
  const symbols::PersonItems& items = person.items;
  return {{"number", shown(person.number)},
          {"name", items.four.name.reveal()},
          {"kana", items.kana ? nlohmann::json(items.kana->reveal()) : nlohmann::json()},
          {"birth_date", shown_date(items.four.birth_date)},
          {"sex", word_of(items.four.sex, false)},
          {"address", items.four.home.reveal()},
          {"business", business},
          {"aliases", aliases}};
}

void print_person(const PersonRecord& person, const AdminOptions& options) {
  const symbols::PersonItems& items = person.items;
  fmt::print("{}  {} {}  {}  {}  {}\n", shown(person.number), items.four.name.reveal(),
             items.kana ? items.kana->reveal() : "", shown_date(items.four.birth_date),
             word_of(items.four.sex, options.japanese()), items.four.home.reveal());
  for (const symbols::BusinessNumber& one : person.business) {
    fmt::print("    {} {}\n", options.say("business number", "業務宛名番号"), shown_number(one));
  }
  for (const AddressNumber& alias : person.aliases) {
    fmt::print("    {} {}\n", options.say("formerly", "旧番号"), shown(alias));
  }
}

void print_persons(const std::vector<PersonRecord>& persons, const AdminOptions& options) {
  if (options.csv) return fmt::print("{}", persons_csv(persons));
  nlohmann::json list = nlohmann::json::array();
  for (const PersonRecord& person : persons) {
    if (options.json) {
      list.push_back(json_of(person));
    } else {
      print_person(person, options);
    }
  }
  if (options.json) {
    print_json(list);
  } else if (persons.empty()) {
    fmt::print("{}\n", options.say("nobody", "該当者はいません"));
  }
}

// Asked -----------------------------------------------------------------------

Result<std::vector<PersonRecord>> all_persons(Desk& desk) {
  std::vector<PersonRecord> all;
  std::optional<AddressNumber> after;
  while (true) {
    NAKADACHI_TRY(auto page, desk.ask<wire::Persons>(wire::ListPersons{after}));
    if (page.persons.empty()) return all;
    after = page.persons.back().number;
    all.insert(all.end(), std::make_move_iterator(page.persons.begin()),
               std::make_move_iterator(page.persons.end()));
  }
}

/// The door lists persons in order, so that the page behind the number before begins
/// with the one who has this number. Errors: `kUnknownPerson`.
Result<PersonRecord> person_of(Desk& desk, const AddressNumber& number) {
  std::optional<AddressNumber> after;
  if (number.reveal() > 0) {
    NAKADACHI_TRY(after, AddressNumber::from_number(number.reveal() - 1));
  }
  NAKADACHI_TRY(auto page, desk.ask<wire::Persons>(wire::ListPersons{after}));
  if (page.persons.empty() || page.persons.front().number != number) {
    return ErrorCode::kUnknownPerson;
  }
  return std::move(page.persons.front());
}

// put, find, list -------------------------------------------------------------

/// The person the options name.
Result<wire::PutPerson> person_of(const PersonOptions& options) {
  NAKADACHI_TRY(auto name, symbols::PersonName::parse(options.name));
  NAKADACHI_TRY(const auto birth_date, symbols::BirthDate::parse(options.birth_date));
  NAKADACHI_TRY(const symbols::Sex sex, parse_sex(options.sex));
  NAKADACHI_TRY(auto home, symbols::HomeAddress::parse(options.home));
  wire::PutPerson command{.number = {},
                          .items = {{std::move(name), birth_date, sex, std::move(home)}, {}},
                          .business = {}};
  if (!options.kana.empty()) {
    NAKADACHI_TRY(command.items.kana, symbols::KanaName::parse(options.kana));
  }
  if (!options.number.empty()) {
    NAKADACHI_TRY(command.number, AddressNumber::parse(options.number));
  }
  command.business.reserve(options.business.size());
  for (const std::string& text : options.business) {
    NAKADACHI_TRY(const auto business, parse_business_number(text));
    command.business.push_back(business);
  }
  return command;
}

Result<void> run_put_file(const PersonOptions& options) {
  NAKADACHI_TRY(const std::string text, read_lines(options.file));
  NAKADACHI_TRY(auto persons, read_persons_csv(text));
  std::vector<std::optional<AddressNumber>> put(persons.size());
  Failures failures;
  if (!options.dry_run) {
    NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
    desk.ask_all({std::make_move_iterator(persons.begin()), std::make_move_iterator(persons.end())},
                 [&](std::size_t place, Result<wire::AdminAnswer> answer) {
                   auto one = admin::as<wire::PersonPut>(std::move(answer));
                   if (!one) return failures.add(place, one.error(), options.admin);
                   put[place] = one->number;
                 });
  }
  nlohmann::json numbers = nlohmann::json::array();
  for (std::size_t i = 0; i < put.size(); ++i) {
    if (!put[i]) continue;
    if (options.admin.json) {
      numbers.push_back({{"row", i + 1}, {"number", shown(*put[i])}});
    } else {
      fmt::print("{},{}\n", i + 1, shown(*put[i]));
    }
  }
  if (options.admin.json) {
    print_json({{"rows", put.size()}, {"put", numbers}, {"dry_run", options.dry_run}});
  } else if (options.dry_run) {
    fmt::print("{}: {}\n", options.admin.say("rows, all well written", "正しく書かれた行"),
               put.size());
  }
  return failures.result();
}

Result<void> run_put(const PersonOptions& options) {
  if (!options.file.empty()) return run_put_file(options);
  NAKADACHI_TRY(wire::PutPerson command, person_of(options));
  if (options.dry_run) {
    fmt::print("{}\n", options.admin.say("well written", "正しく書かれています"));
    return {};
  }
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  NAKADACHI_TRY(const auto put, desk.ask<wire::PersonPut>(std::move(command)));
  if (options.admin.json) {
    print_json({{"number", shown(put.number)}});
  } else {
    fmt::print("{}\n", shown(put.number));
  }
  return {};
}

Result<wire::AdminCommand> search_of(const PersonOptions& options) {
  if (!options.business.empty()) {
    NAKADACHI_TRY(const auto number, parse_business_number(options.business.front()));
    return wire::AdminCommand(wire::FindPersonByNumber{number});
  }
  AddressBook::Search search;
  if (options.exact) search.spelling = AddressBook::Spelling::kExact;
  if (!options.name.empty()) {
    NAKADACHI_TRY(search.name, symbols::PersonName::parse(options.name));
  }
  if (!options.kana.empty()) {
    NAKADACHI_TRY(search.kana, symbols::KanaName::parse(options.kana));
  }
  if (!options.birth_date.empty()) {
    NAKADACHI_TRY(search.birth_date, symbols::BirthDate::parse(options.birth_date));
  }
  return wire::AdminCommand(wire::FindPersons{std::move(search)});
}

Result<void> run_find(const PersonOptions& options) {
  NAKADACHI_TRY(wire::AdminCommand command, search_of(options));
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto found, desk.ask<wire::Persons>(std::move(command)));
  print_persons(found.persons, options.admin);
  return {};
}

Result<void> run_list(const PersonOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto persons, all_persons(desk));
  print_persons(persons, options.admin);
  return {};
}

// doubles, merge --------------------------------------------------------------

struct LikenessWords {
  std::string_view json;
  std::string_view english;
  std::string_view japanese;
};
LikenessWords words_of(AddressBook::Likeness likeness) {
  switch (likeness) {
    case AddressBook::Likeness::kSameName:
      return {"same_name", "same name, birth date and sex", "氏名・生年月日・性別が同じ"};
    case AddressBook::Likeness::kSameKana:
      return {"same_kana", "same reading, birth date and sex", "カナ・生年月日・性別が同じ"};
    case AddressBook::Likeness::kSimilarName:
      break;
  }
  return {"similar_name", "same birth date and address, nearly the same name",
          "生年月日・住所が同じで氏名が類似"};
}

Result<void> run_doubles(const PersonOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(auto persons, all_persons(desk));
  SystemRandom random;
  AddressBook book(random);
  for (PersonRecord& person : persons) NAKADACHI_CHECK(book.put(std::move(person)));
  nlohmann::json list = nlohmann::json::array();
  const auto groups = book.find_doubles();
  for (const AddressBook::Doubles& group : groups) {
    const LikenessWords words = words_of(group.likeness);
    nlohmann::json members = nlohmann::json::array();
    if (!options.admin.json) {
      fmt::print("{}\n", options.admin.say(words.english, words.japanese));
    }
    for (const AddressNumber& number : group.persons) {
      const PersonRecord& person = *book.find(number);
      if (options.admin.json) {
        members.push_back(json_of(person));
      } else {
        print_person(person, options.admin);
      }
    }
    list.push_back({{"likeness", words.json}, {"persons", members}});
  }
  if (options.admin.json) {
    print_json(list);
  } else if (groups.empty()) {
    fmt::print("{}\n", options.admin.say("no doubles", "重複の疑いはありません"));
  }
  return {};
}

Result<void> run_merge(const PersonOptions& options) {
  NAKADACHI_TRY(const AddressNumber survivor, AddressNumber::parse(options.survivor));
  NAKADACHI_TRY(const AddressNumber former, AddressNumber::parse(options.former));
  const Needs needs = options.dry_run ? Needs::kReading : Needs::kReason;
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, needs));
  if (!options.dry_run) {
    NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(wire::MergePersons{survivor, former}));
    print_done(options.admin, done);
    return {};
  }
  NAKADACHI_TRY(const PersonRecord kept, person_of(desk, survivor));
  NAKADACHI_TRY(const PersonRecord given_up, person_of(desk, former));
  if (options.admin.json) {
    print_json({{"survivor", json_of(kept)}, {"former", json_of(given_up)}});
    return {};
  }
  fmt::print("{}\n", options.admin.say("stays, with these items:", "存続（この内容が残ります）:"));
  print_person(kept, options.admin);
  fmt::print("{}\n",
             options.admin.say("becomes a former number of it:", "統合されて旧番号になります:"));
  print_person(given_up, options.admin);
  return {};
}

// Options ---------------------------------------------------------------------

constexpr const char* kBusinessHelp = "宛名番号 of a business system, SYSTEM:NUMBER";

void add_put_options(CommandLine command, PersonOptions& options) {
  command.footer(
      "Prints the 団体内統合宛名番号; of a file one with its row, a line each.\n"
      "Example: nakadachi person put --name 山田花子 --kana ヤマダハナコ --birth-date 1980-04-02 "
      "\\\n"
      "           --sex 女 --address 北海道札幌市中央区1-1 --business 3:1042 --who 市民課 --why "
      "転入");
  const CommandOption file =
      command.add_option("--file", options.file, "CSV of many, as person list --csv writes it");
  command.add_flag("--dry-run", options.dry_run, "only look at what is given");
  command.add_option("--number", options.number, "of a known person; a new one unless given")
      .excludes(file);
  command.add_option("--name", options.name, "氏名").excludes(file);
  command.add_option("--kana", options.kana, "氏名カナ");
  command.add_option("--birth-date", options.birth_date, "1980-04-02; 00 for what is unknown");
  command.add_option("--sex", options.sex, "male, female, unknown, not_applicable; 男, 女");
  command.add_option("--address", options.home, "住所");
  command.add_option("--business", options.business, kBusinessHelp);
}

void add_find_options(CommandLine command, PersonOptions& options) {
  command.footer("Example: nakadachi person find --kana ヤマダハナコ --birth-date 1980-04-02");
  command.add_option("--name", options.name, "氏名");
  command.add_option("--kana", options.kana, "氏名カナ");
  command.add_option("--birth-date", options.birth_date, "1980-04-02");
  command.add_flag("--exact", options.exact, "spelled just so, width and spaces too");
  command.add_option("--business", options.business, kBusinessHelp).takes(1);
  add_csv_option(command, options.admin);
}

void add_merge_options(CommandLine command, PersonOptions& options) {
  command.footer(
      "Symbols, copies and flags go with the person; it cannot be undone.\n"
      "Example: nakadachi person merge --survivor 104200000000001 --former 398100000000007 \\\n"
      "           --dry-run");
  command.add_option("--survivor", options.survivor, "whose number and items stay").required();
  command.add_option("--former", options.former, "whose number becomes a former one").required();
  command.add_flag("--dry-run", options.dry_run, "only show both persons");
}

}  // namespace

void add_person_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine person = app.add_command("person", "Persons of the town (統合宛名)");
  person.needs_command();
  add_admin_command<PersonOptions>(person, chosen, language,
                                   {"put", "A new person, or new items of a known one"},
                                   Needs::kReason, add_put_options, run_put);
  add_admin_command<PersonOptions>(person, chosen, language, {"find", "Who fits all that is given"},
                                   Needs::kReading, add_find_options, run_find);
  add_admin_command<PersonOptions>(
      person, chosen, language, {"list", "Everybody, by number"}, Needs::kReading,
      [](CommandLine command, PersonOptions& options) {
        command.footer("Example: nakadachi person list --csv");
        add_csv_option(command, options.admin);
      },
      run_list);
  add_admin_command<PersonOptions>(
      person, chosen, language, {"doubles", "Who may be one person, for staff to judge"},
      Needs::kReading,
      [](CommandLine command, PersonOptions&) {
        command.footer("Looked for on this machine. Example: nakadachi person doubles --lang ja");
      },
      run_doubles);
  add_admin_command<PersonOptions>(person, chosen, language, {"merge", "Make one person of two"},
                                   Needs::kReason, add_merge_options, run_merge);
}

}  // namespace nakadachi::apps
