// The commands of a town's staff, as they type them, at a demo's pool that was left standing.

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "apps/common/demo_residents.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/municipalities.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "tests/net/demo/standing_pool.hpp"

namespace nakadachi::apps {
namespace {

using Catch::Matchers::ContainsSubstring;

constexpr std::string_view kTax = "TM00000000000002";

/// Staff of one institution.
class Staff {
 public:
  Staff(const StandingPool& pool, std::string institution)
      : pool_(pool), institution_(std::move(institution)) {}

  ProgramEnd run(std::vector<std::string> command) const { return pool_.run(with_me(command)); }
  ProgramEnd change(std::vector<std::string> command) const { return run(with_why(command)); }
  nlohmann::json json(const std::vector<std::string>& command, int status = 0) const {
    return pool_.json(with_me(command), status);
  }
  nlohmann::json change_json(std::vector<std::string> command, int status = 0) const {
    return json(with_why(std::move(command)), status);
  }
  /// A file with this content, of the test's own.
  std::string write(const std::string& name, const std::string& content) const {
    REQUIRE(write_private_file(pool_.file(name), content));
    return pool_.file(name);
  }
  const StandingPool& pool() const { return pool_; }
  const std::string& institution() const { return institution_; }

 private:
  std::vector<std::string> with_me(std::vector<std::string> command) const {
    command.insert(command.end(), {"--institution", institution_, "--key-file",
                                   pool_.kept(fmt::format("staff-{}.curve", institution_))});
    return command;
  }
  static std::vector<std::string> with_why(std::vector<std::string> command) {
    command.insert(command.end(), {"--who", "窓口", "--why", "届出による"});
    return command;
  }

  const StandingPool& pool_;
  std::string institution_;
};

std::string mayor(std::size_t town) {
  return fmt::format("10000{}00001", municipalities()[town].code.text());
}

// person ----------------------------------------------------------------------

/// Returns a person's number.
std::string check_persons(const Staff& staff) {
  const std::vector<std::string> hanako = {
      "person",       "put",        "--name", "山田花子", "--kana",    "ヤマダハナコ",
      "--birth-date", "1980-04-02", "--sex",  "女",       "--address", "札幌市中央区1-1",
      "--business",   "3:1042"};
  CHECK(staff.run(hanako).status == 1);  // without who and why
  std::vector<std::string> dry = hanako;
  dry.emplace_back("--dry-run");
  CHECK(staff.run(dry).status == 0);
  // The demo may have left one here that another town asked about.
  const std::size_t before = staff.json({"person", "list"}).size();
  const std::string number = staff.change_json(hanako)["number"];

  const ProgramEnd csv = staff.run({"person", "list", "--csv"});
  CHECK_THAT(csv.output, ContainsSubstring("団体内統合宛名番号,氏名,氏名カナ,生年月日"));
  CHECK_THAT(csv.output, ContainsSubstring(number + ",山田花子,ヤマダハナコ,1980-04-02,2,"));
  const std::string header = csv.output.substr(0, csv.output.find('\n') + 1);
  const std::size_t row = csv.output.find(number + ",山田花子");
  REQUIRE(row != std::string::npos);
  const std::string file = staff.write(
      "persons.csv", header + csv.output.substr(row, csv.output.find('\n', row) + 1 - row) +
                         ",山田花孑,ヤマダハナコ,1980-04-02,2,札幌市中央区1-1,,\r\n");
  const std::vector<std::string> put_all = {"person", "put", "--file", file};
  std::vector<std::string> dry_all = put_all;
  dry_all.emplace_back("--dry-run");
  CHECK(staff.json(dry_all)["rows"] == 2);
  const auto put = staff.change_json(put_all)["put"];
  REQUIRE(put.size() == 2);
  CHECK(put[0]["number"] == number);
  const std::string other = put[1]["number"];
  CHECK(other != number);
  const std::string wrong = staff.write("wrong.csv", header + ",無,,1980-13-02,2,札幌市1,,\r\n");
  const ProgramEnd refused = staff.change({"person", "put", "--file", wrong});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.complaint, ContainsSubstring("@2"));

  const auto found = staff.json({"person", "find", "--business", "3:1042"});
  REQUIRE(found.size() == 1);
  CHECK(found[0]["number"] == number);
  CHECK_THAT(staff.run({"person", "find", "--kana", "ﾔﾏﾀﾞﾊﾅｺ", "--csv"}).output,
             ContainsSubstring(other));
  const ProgramEnd doubles = staff.run({"person", "doubles", "--lang", "ja"});
  CHECK_THAT(doubles.output, ContainsSubstring(number));
  CHECK_THAT(doubles.output, ContainsSubstring("カナ・生年月日・性別が同じ"));
  const std::vector<std::string> merge = {"person", "merge",    "--survivor",
                                          number,   "--former", other};
  std::vector<std::string> dry_merge = merge;
  dry_merge.emplace_back("--dry-run");
  CHECK(staff.json(dry_merge)["former"]["number"] == other);
  CHECK(staff.json({"person", "list"}).size() == before + 2);
  CHECK(staff.change(merge).status == 0);
  CHECK(staff.json({"person", "list"}).size() == before + 1);
  const auto left = staff.json({"person", "find", "--business", "3:1042"});
  REQUIRE(left.size() == 1);
  CHECK(left[0]["aliases"][0] == other);
  return number;
}

// symbol ----------------------------------------------------------------------

bool is_in_a_file(const std::string& folder, const std::string& text) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    const auto content = read_file(file.path().string());
    REQUIRE(content);
    if (content->find(text) != std::string::npos) return true;
  }
  return false;
}

/// The town's resident system hands a 取得番号 over, as the demo's does.
void hand_over(const Staff& staff, const std::string& number) {
  const StandingPool& pool = staff.pool();
  const auto ready = read_file(pool.kept("national.ready"));
  const auto keys = socket::CurveKeyPair::load(pool.kept("national.curve"));
  REQUIRE(ready);
  REQUIRE(keys);
  const std::string file = staff.write(
      "hand-over.tsv", fmt::format("{}\t{}\t123456789018\n", staff.institution(), number));
  const auto end = run_program(
      {std::string(NAKADACHI_BIN_DIR) + "/nakadachi-national", "hand-over", "--endpoint",
       std::string(split(*ready, '\n').back()), "--server-key", to_z85(keys->public_key()),
       "--key-file", pool.kept("residents.curve"), "--file", file},
      "");
  REQUIRE(end);
  CHECK(end->status == 0);
}

void check_symbols(const Staff& staff, const std::string& person) {
  const auto counts = [&] { return staff.json({"symbol", "count"}); };
  const auto before = counts();
  const std::vector<std::string> acquire = {"symbol", "acquire", "--person", person};
  std::vector<std::string> dry = acquire;
  dry.emplace_back("--dry-run");
  CHECK(staff.json(dry)["persons"] == 1);
  CHECK(counts() == before);
  CHECK(staff.run(acquire).status == 1);  // without who and why
  const ProgramEnd begun = staff.change(acquire);
  CHECK(begun.status == 0);
  const auto lines = split(begun.output, '\n');
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "団体内統合宛名番号,取得番号,有効期限\r");
  const std::string number(split(lines[1], ',')[1]);
  // As the demo's node.toml says of the pool and the period.
  CHECK(number.size() == 17);
  CHECK(number.starts_with("90"));
  const auto until = Day::parse(split(lines[1], ',')[2].substr(0, 10));
  REQUIRE(until);
  CHECK(std::abs(until->number - Day::of(SystemClock().now()).number - 60) <= 1);
  CHECK(staff.change(acquire).output == begun.output);  // asked again: the same number
  CHECK(counts()["under_way"] == 1);
  // What is under way, as a file, tells the same number.
  const ProgramEnd listed = staff.run({"symbol", "under-way", "--csv", "--lang", "ja"});
  CHECK(listed.status == 0);
  const std::string under_way = staff.write("under_way.csv", listed.output);
  CHECK(staff.change({"symbol", "acquire", "--file", under_way}).output == begun.output);
  CHECK(staff.json({"symbol", "under-way"})[0]["person"] == person);
  CHECK_THAT(staff.run({"symbol", "under-way"}).output,
             ContainsSubstring(person + "  valid until"));
  const std::string file = staff.write("acquire.csv", "団体内統合宛名番号\r\nx\r\n");
  const ProgramEnd wrong = staff.change({"symbol", "acquire", "--file", file});
  CHECK(wrong.status == 1);
  CHECK_THAT(wrong.complaint, ContainsSubstring("@2"));

  const std::string national = staff.pool().kept("national");
  hand_over(staff, number);
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (counts()["under_way"] != 0 || is_in_a_file(national, number)) {
    REQUIRE(std::chrono::steady_clock::now() < give_up_at);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  CHECK(counts()["bound"] == before["bound"].get<std::uint64_t>() + 1);
  CHECK(staff.run({"symbol", "under-way"}).output == "none under way\n");
  const ProgramEnd again = staff.change(acquire);
  CHECK(again.status == 1);
  CHECK_THAT(again.complaint, ContainsSubstring("already_acquired"));

  const std::string symbols = staff.write("symbols.tsv", "77\t000102030405060708090a0b0c0d0e0f\n");
  const std::vector<std::string> import = {"symbol", "import", "--file", symbols};
  std::vector<std::string> dry_import = import;
  dry_import.emplace_back("--dry-run");
  CHECK(staff.json(dry_import)["bound"] == 0);
  CHECK(staff.change_json(import)["bound"] == 1);
  CHECK(staff.change_json(import)["unchanged"] == 1);
  CHECK(staff.json({"symbol", "show", "--person", "77"})["bound"] == true);
  CHECK(staff.json({"symbol", "show", "--person", "78"})["bound"] == false);
  const auto whose = staff.json({"symbol", "show", "--symbol", "000102030405060708090a0b0c0d0e0f"});
  CHECK(whose["person"] == "000000000000077");
  CHECK(staff.json({"symbol", "show", "--symbol", std::string(32, '0')})["person"].is_null());
  CHECK_THAT(staff.run({"symbol", "show", "--person", "77", "--lang", "ja"}).output,
             ContainsSubstring("取得済み"));
  CHECK(staff.run({"symbol", "show"}).status == 1);
  const std::string csv = staff.write(
      "symbols.csv", "団体内統合宛名番号,符号\r\n77,000102030405060708090a0b0c0d0e0f\r\n");
  CHECK(staff.change_json({"symbol", "import", "--file", csv})["unchanged"] == 1);
}

/// Bound to the wrong person, and then nobody's any more.
void check_symbol_ends(const Staff& staff) {
  const auto holder = [&] {
    return staff.json({"symbol", "show", "--symbol", "000102030405060708090a0b0c0d0e0f"})["person"];
  };
  CHECK(staff.change({"symbol", "move", "--from", "77", "--to", "78"}).status == 0);
  CHECK(holder() == "000000000000078");
  const ProgramEnd again = staff.change({"symbol", "move", "--from", "77", "--to", "78"});
  CHECK(again.status == 1);
  CHECK_THAT(again.complaint, ContainsSubstring("symbol_not_acquired"));

  const std::string cut = staff.write("cut.csv", "団体内統合宛名番号\r\n77\r\n7");  // 7 or 78?
  const auto end_of_cut = staff.change({"symbol", "end", "--file", cut});
  CHECK(end_of_cut.status == 1);
  CHECK_THAT(end_of_cut.complaint, ContainsSubstring("may have been cut"));
  const std::string persons = staff.write("left.csv", "団体内統合宛名番号\r\n77\r\n78\r\n78\r\n");
  const auto dry = staff.json({"symbol", "end", "--file", persons, "--dry-run"});
  CHECK(dry["would_end"] == 1);
  CHECK(dry["without"] == 1);
  CHECK(holder() == "000000000000078");
  CHECK(staff.change_json({"symbol", "end", "--file", persons})["ended"] == 1);
  CHECK(holder().is_null());
  CHECK(staff.change({"symbol", "end", "--person", "78", "--lang", "ja"}).output ==
        "対象者: 1  終了: 0  符号なし: 1\n");
  CHECK(staff.change({"symbol", "end"}).status == 1);
}

// copy ------------------------------------------------------------------------

std::string layouts_text() {
  return *read_file(std::string(NAKADACHI_SOURCE_DIR) + "/data/layouts.tsv");
}

/// `text` with `after` wherever it has `before`, which it has.
std::string with(std::string text, const std::string& before, const std::string& after) {
  std::size_t found = text.find(before);
  REQUIRE(found != std::string::npos);
  for (; found != std::string::npos; found = text.find(before, found + after.size())) {
    text.replace(found, before.size(), after);
  }
  return text;
}

const std::string kTaxHeader = "団体内統合宛名番号,年度,課税状況,総所得金額等,21,22\r\n";

/// How many tax copies of a load are registered.
std::uint64_t registered(const Staff& staff, std::uint64_t dataset) {
  for (const auto& count : staff.json({"copy", "count"})) {
    if (count["kind"] == kTax && count["dataset"] == dataset) {
      return count["copies"].get<std::uint64_t>();
    }
  }
  return 0;
}

std::vector<std::string> load(const std::string& file, const std::string& dataset) {
  return {"copy", "load", file, "--kind", "地方税関係情報", "--dataset", dataset};
}

void check_full_loads(const Staff& staff) {
  // A person's number of today, and one that was merged into it.
  const auto merged = staff.json({"person", "find", "--business", "3:1042"})[0];
  const std::string of_one = staff.write(
      "merged.csv", kTaxHeader + fmt::format("{},2026,2,100,10,1\r\n901,2026,2,100,10,1\r\n"
                                             "{},2026,0,0,0,0\r\n",
                                             merged["aliases"][0].get<std::string>(),
                                             merged["number"].get<std::string>()));
  std::vector<std::string> twice = load(of_one, "13");
  twice.emplace_back("--full");
  const ProgramEnd one = staff.change(twice);
  CHECK(one.status == 1);
  CHECK_THAT(one.complaint, ContainsSubstring("@4"));
  CHECK(registered(staff, 13) == 0);

  const std::string smaller = staff.write("smaller.csv", kTaxHeader + "901,2027,2,100,10,1\r\n");
  std::vector<std::string> full = load(smaller, "14");
  full.emplace_back("--full");
  const auto ended = staff.change_json(full);
  CHECK(ended["ended"] == true);
  CHECK(ended["left_behind_erased"].get<std::uint64_t>() >= 1);
  CHECK(registered(staff, 12) == 0);
  CHECK(registered(staff, 14) == 1);
}

void check_copies(const Staff& staff) {
  const std::string good =
      staff.write("tax.csv", kTaxHeader + "901,2026,2,100,10,1\r\n902,2026,0,0,0,0\r\n");
  std::vector<std::string> dry = load(good, "12");
  dry.emplace_back("--dry-run");
  CHECK(staff.json(dry)["valid"] == 2);
  CHECK(registered(staff, 12) == 0);
  // By layouts in which a year has three digits the same file is wrong.
  std::vector<std::string> by_others = dry;
  by_others.insert(
      by_others.end(),
      {"--layouts", staff.write("layouts.tsv", with(layouts_text(), "item\t1\t年度\tnumber\t4",
                                                    "item\t1\t年度\tnumber\t3"))});
  CHECK(staff.json(by_others, 1)["invalid"] == 2);
  const auto loaded = staff.change_json(load(good, "12"));
  CHECK(loaded["registered"] == 2);
  CHECK(registered(staff, 12) == 2);
  CHECK(staff.change_json(load(good, "12"))["unchanged"] == 2);
  const ProgramEnd older = staff.change(load(good, "11"));
  CHECK(older.status == 1);
  CHECK_THAT(older.complaint, ContainsSubstring("row_conflict"));

  const std::string bad = staff.write(
      "bad.csv",
      kTaxHeader + "901,2026,2,200,10,1\r\n902,26x,5,0,0,0\r\n903,,0,0,0,123456789018\r\n");
  std::vector<std::string> reported = load(bad, "13");
  reported.insert(reported.end(), {"--report", staff.pool().file("report.csv")});
  const ProgramEnd refused = staff.change(reported);
  CHECK(refused.status == 1);
  const auto report = read_file(staff.pool().file("report.csv"));
  REQUIRE(report);
  CHECK_THAT(*report, ContainsSubstring("3,1,年度,not_a_number"));
  CHECK_THAT(*report, ContainsSubstring("3,2,課税状況,not_in_code_list"));
  CHECK_THAT(*report, ContainsSubstring("4,1,年度,missing"));
  CHECK_THAT(*report, ContainsSubstring("4,22,市町村民税均等割額,personal_number"));
  CHECK(registered(staff, 13) == 0);

  check_full_loads(staff);
  const std::vector<std::string> erase = {"copy", "delete", "--person",
                                          "901",  "--kind", std::string(kTax)};
  CHECK(staff.change_json(erase)["changed"] == 1);
  CHECK(staff.change_json(erase)["changed"] == 0);
}

void check_modes(const Staff& staff) {
  const std::vector<std::string> live = {"copy",   "mode", "--kind", std::string(kTax),
                                         "--mode", "live"};
  const auto modes = [&] { return staff.json({"copy", "modes"}); };
  const auto before = modes();
  std::vector<std::string> dry = live;
  dry.emplace_back("--dry-run");
  const auto shown = staff.json(dry);
  CHECK(shown["from"] == "copy");
  CHECK(shown["to"] == "live");
  CHECK(modes() == before);
  CHECK(staff.change(live).status == 0);
  CHECK(modes().size() == before.size() + 1);
  CHECK_THAT(staff.run({"copy", "modes", "--lang", "ja"}).output,
             ContainsSubstring("即時の引渡し"));
  CHECK(staff.run({"copy", "mode", "--kind", std::string(kTax), "--mode", "never"}).status != 0);
  CHECK(staff.change({"copy", "mode", "--kind", std::string(kTax), "--mode", "copy"}).status == 0);
}

// flag ------------------------------------------------------------------------

void check_flags(const Staff& staff) {
  const auto listed = [&] { return staff.json({"flag", "list", "--person", "901"}); };
  const std::vector<std::string> set = {
      "flag",           "set",    "--person",       "901",     "--flag",
      "non-disclosure", "--kind", "地方税関係情報", "--until", "2099-09-30"};
  std::vector<std::string> dry = set;
  dry.emplace_back("--dry-run");
  CHECK(staff.json(dry)["rows"] == 1);
  CHECK(listed().empty());
  CHECK(staff.change_json(set)["changed"] == 1);
  CHECK(staff.change_json(set)["changed"] == 0);
  REQUIRE(listed().size() == 1);
  CHECK(listed()[0]["until"] == "2099-09-30");
  CHECK_THAT(staff.run({"flag", "list", "--person", "901", "--lang", "ja"}).output,
             ContainsSubstring("不開示"));

  const ProgramEnd csv = staff.run({"flag", "list", "--csv"});
  const std::string row = "000000000000901,non-disclosure,TM00000000000002,,2099-09-30\r\n";
  CHECK_THAT(csv.output, ContainsSubstring(row));
  const std::string file =
      staff.write("flags.csv", "団体内統合宛名番号,設定,特定個人情報,開始日,終了日\r\n" + row +
                                   "902,hold,,,\r\n");
  CHECK(staff.change_json({"flag", "set", "--file", file})["changed"] == 1);
  CHECK(staff.json({"flag", "list", "--person", "902"})[0]["flag"] == "hold");
  CHECK(staff.change_json({"flag", "clear", "--file", file})["changed"] == 2);
  CHECK(listed().empty());
  CHECK(staff.change({"flag", "set", "--person", "901"}).status == 1);  // which flag?
}

// approval --------------------------------------------------------------------

/// A question as somebody types it, whom its provider means, and who provides.
struct Question {
  std::vector<std::string> ask;
  std::string asker;
  std::string provider;
  std::string person;
};

/// What the demo asks.
class DemoQuestions {
 public:
  explicit DemoQuestions(const StandingPool& pool)
      : pool_(pool),
        layouts_(load_layouts().value()),
        codes_(institutions()),
        residents_({.towns = StandingPool::kTowns, .persons = StandingPool::kExchanges}, codes_,
                   layouts_) {}

  /// That leads to an answer from a copy.
  Question plain() const {
    for (std::uint64_t i = 0; i < StandingPool::kExchanges; ++i) {
      const auto planned = residents_.query(i);
      const exchange::Subject& subject = planned.subject;
      const bool fits = planned.expected == exchange::Outcome::kAnswered &&
                        subject.affair != DemoResidents::own_affair() &&
                        subject.kind != DemoResidents::live_kind() && planned.system % 2 == 0;
      if (!fits) continue;
      for (const DemoResidents::Copy& copy : residents_.copies()) {
        if (codes_[copy.institution] != subject.provider || copy.kind != subject.kind) continue;
        if (copy.person.reveal() % kOrdinals != planned.person.reveal() % kOrdinals) continue;
        Question question = typed(planned);
        question.person = std::to_string(copy.person.reveal());
        return question;
      }
    }
    FAIL("the demo asks nothing plain");
    return {};
  }
  /// About somebody whose symbol the provider does not hold.
  Question without_symbol() const {
    for (std::uint64_t i = 0; i < StandingPool::kExchanges; ++i) {
      const auto planned = residents_.query(i);
      if (planned.expected == exchange::Outcome::kProviderHoldsNoSymbol) return typed(planned);
    }
    FAIL("the demo asks nobody without a symbol");
    return {};
  }

 private:
  static constexpr std::uint64_t kOrdinals = 10'000'000'000;

  static std::vector<InstitutionCode> institutions() {
    std::vector<InstitutionCode> codes;
    for (std::size_t town = 0; town < StandingPool::kTowns; ++town) {
      for (const char board : {'1', '2'}) {
        std::string code = mayor(town);
        code.back() = board;
        codes.push_back(InstitutionCode::parse(code).value());
      }
    }
    return codes;
  }
  Question typed(const DemoResidents::PlannedQuery& planned) const {
    const exchange::Subject& subject = planned.subject;
    return {{"query",       "ask",
             "--key-file",  pool_.kept(fmt::format("system-{}.curve", subject.asker.text())),
             "--asker",     subject.asker.text(),
             "--provider",  subject.provider.text(),
             "--affair",    subject.affair.text(),
             "--procedure", subject.procedure.text(),
             "--kind",      subject.kind.text(),
             "--person",    std::to_string(planned.person.reveal()),
             "--section",   subject.section,
             "--patience",  "4"},
            subject.asker.text(),
            subject.provider.text(),
            {}};
  }

  const StandingPool& pool_;
  copies::LayoutBook layouts_;
  std::vector<InstitutionCode> codes_;
  DemoResidents residents_;
};

/// Asks in vain, as the person is flagged; returns the key of the question.
std::string ask_for_held(const StandingPool& pool, const Question& question) {
  const ProgramEnd asked = pool.run(question.ask);
  CHECK(asked.status == 1);
  const std::size_t place = asked.complaint.find("--key ");
  REQUIRE(place != std::string::npos);
  return asked.complaint.substr(place + 6, 32);
}

/// Items of an answer are named by the layouts that are given.
void check_names(const Staff& staff, const Question& question, const nlohmann::json& answered) {
  const std::string name = answered["items"][0]["name"];
  const std::string file =
      staff.write("names.tsv", with(layouts_text(), "\t" + name + "\t", "\t別の名\t"));
  std::vector<std::string> again = question.ask;
  again.insert(again.end(), {"--key", answered["key"], "--layouts", file});
  const auto named = staff.pool().json(again);
  CHECK(named["items"][0]["name"] == "別の名");
  CHECK(named["items"][0]["value"] == answered["items"][0]["value"]);
}

void check_approval(const StandingPool& pool) {
  const Question question = DemoQuestions(pool).plain();
  const Staff staff(pool, question.provider);
  CHECK(staff.json({"approval", "list"}).empty());
  const auto set_flag = [&](const std::string& verb) {
    return staff.change({"flag", verb, "--person", question.person, "--flag", "hold"}).status;
  };
  const auto outcome_of = [&](const std::string& key, int status) {
    std::vector<std::string> again = question.ask;
    again.insert(again.end(), {"--key", key});
    return pool.json(again, status);
  };
  CHECK(set_flag("set") == 0);
  const std::string first = ask_for_held(pool, question);
  const auto held = staff.json({"approval", "list"});
  REQUIRE(held.size() == 1);
  CHECK(held[0]["person"].get<std::string>().find(question.person) != std::string::npos);
  CHECK_THAT(staff.run({"approval", "list", "--lang", "ja"}).output, ContainsSubstring("宛名番号"));
  CHECK_THAT(staff.run({"approval", "list", "--csv"}).output,
             ContainsSubstring(held[0]["id"].get<std::string>() + "," + question.asker + ","));
  const std::string id = held[0]["id"];
  const auto decide = [&](const std::string& verb, const std::string& request,
                          std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"approval", verb, request, "--person", question.person});
    return staff.change(more).status;
  };
  const auto about_another = staff.change({"approval", "approve", id, "--person", "1"});
  CHECK(about_another.status == 1);
  CHECK_THAT(about_another.complaint, ContainsSubstring("another_person"));
  CHECK(
      staff.run({"approval", "approve", id, "--person", question.person, "--who", "窓口"}).status ==
      1);  // why?
  CHECK(decide("approve", id) == 0);
  CHECK(staff.json({"approval", "list"}).empty());
  const auto answered = outcome_of(first, 0);
  CHECK(answered["outcome"] == "answered");
  check_names(staff, question, answered);

  const std::string second = ask_for_held(pool, question);
  const std::string third = ask_for_held(pool, question);
  CHECK(staff.json({"approval", "list"}).size() == 2);
  CHECK(staff.json({"approval", "list", "--limit", "2"}).size() == 2);
  CHECK(staff.json({"approval", "list", "--limit", "1"}).size() == 1);
  CHECK_THAT(staff.run({"approval", "list", "--limit", "1"}).complaint,
             ContainsSubstring("more is held"));
  CHECK_THAT(staff.run({"approval", "list"}).complaint, !ContainsSubstring("more is held"));
  // The first asked lapses first, and so stands first.
  const auto both = staff.json({"approval", "list"});
  const std::string last = both[1]["id"];
  CHECK(decide("approve", last) == 0);
  CHECK(outcome_of(third, 0)["outcome"] == "answered");
  const std::string other = both[0]["id"];
  CHECK(decide("refuse", other, {"--reason", "under_correction"}) == 0);
  const auto refused = outcome_of(second, 1);
  CHECK(refused["outcome"] == "refused");
  CHECK(refused["reason"] == "under_correction");
  CHECK(decide("approve", other) == 1);
  CHECK(set_flag("clear") == 0);
}

// ask-provider ----------------------------------------------------------------

void check_wish(const StandingPool& pool) {
  const Question question = DemoQuestions(pool).without_symbol();
  const auto asked = pool.json(question.ask, 1);
  CHECK(asked["outcome"] == "provider_holds_no_symbol");
  const Staff asker(pool, question.asker);
  const Staff provider(pool, question.provider);
  const std::vector<std::string> wish = {
      "symbol",       "ask-provider", "--key", asked["key"], "--name",    "仲立一郎",
      "--birth-date", "1961-07-01",   "--sex", "男",         "--address", "函館市若松町1-1"};
  CHECK(asker.run(wish).status == 1);        // without who and why
  CHECK(provider.change(wish).status == 1);  // it asked nothing
  CHECK(asker.change_json(wish)["changed"] == 1);
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // The demo's own may come again, since the node was started anew.
  nlohmann::json mine;
  while (mine.is_null()) {
    REQUIRE(std::chrono::steady_clock::now() < give_up_at);
    for (const auto& one : provider.json({"symbol", "requests"})) {
      if (one["name"] == "仲立一郎") mine = one;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  CHECK(mine["asker"] == question.asker);
  CHECK(mine["begun"] == false);
  CHECK_THAT(provider.run({"symbol", "requests", "--lang", "ja"}).output,
             ContainsSubstring("要確認"));
  CHECK_THAT(provider.run({"symbol", "requests", "--csv"}).output,
             ContainsSubstring("仲立一郎,1961-07-01,male,函館市若松町1-1,false,"));
}

// lists -----------------------------------------------------------------------

/// Every list that has JSON is CSV too.
void check_csv(const Staff& staff) {
  const auto head = [](const ProgramEnd& end) {
    CHECK(end.status == 0);
    return end.output.substr(0, end.output.find('\r'));
  };
  CHECK(head(staff.run({"copy", "count", "--csv"})) == "kind,name,dataset,copies");
  CHECK(head(staff.run({"copy", "modes", "--csv", "--lang", "ja"})) ==
        "特定個人情報,名称,回答方法");
  CHECK(head(staff.run({"symbol", "count", "--csv"})) == "bound,under_way");
  CHECK(head(staff.run({"symbol", "requests", "--csv"})) ==
        "asker,asked_at,name,birth_date,sex,address,begun,candidates");
  const std::string key = staff.pool().kept("operator.curve");
  CHECK(head(staff.pool().run({"tenant", "list", "--csv", "--key-file", key})) ==
        "tenant,lane,queued,in_flight,held,copies,symbols");
  const ProgramEnd institutions =
      staff.pool().run({"institution", "list", "--csv", "--key-file", key, "--lang", "ja"});
  CHECK(head(institutions) == "機関,団体,副本,符号,署名委任の期限");
  CHECK(split(institutions.output, '\n').size() == 2 * StandingPool::kTowns + 2);
}

}  // namespace

TEST_CASE("staff do their work at a standing pool as the commands' help says") {
  StandingPool pool;
  check_approval(pool);
  const Staff staff(pool, mayor(0));
  const std::string person = check_persons(staff);
  check_symbols(staff, person);
  check_symbol_ends(staff);
  check_modes(staff);
  check_flags(staff);
  check_copies(staff);
  check_csv(staff);
  check_wish(pool);
  CHECK(pool.end() == 0);
}

TEST_CASE("the legal table is listed, explained, imported and compared as typed") {
  const testing::TempFolder folder;
  const auto run = [](std::vector<std::string> command) {
    command.insert(command.begin(), kProgram);
    auto end = run_program(command, "");
    REQUIRE(end);
    return *std::move(end);
  };
  const ProgramEnd listed =
      run({"rules", "list", "--inquirer", "市町村長", "--item", "48", "--json"});
  CHECK(listed.status == 0);
  CHECK_FALSE(nlohmann::json::parse(listed.output).empty());
  const auto explain = [&](const std::string& kind) {
    return run({"rules", "explain", "--asker-class", "市町村長", "--affair", "48",
                "--provider-class", "市町村長", "--kind", kind, "--date", "2026-06-14", "--json"});
  };
  const ProgramEnd allowed = explain("地方税関係情報");
  CHECK(allowed.status == 0);
  CHECK(nlohmann::json::parse(allowed.output)["item"] == "48");
  const ProgramEnd denied = explain("児童手当関係情報");
  CHECK(denied.status == 1);
  const auto explain_in = [&](const std::string& language) {
    const ProgramEnd end =
        run({"rules", "explain", "--asker-class", "市町村長", "--affair", "48", "--provider-class",
             "市町村長", "--kind", "地方税関係情報", "--date", "2026-06-14", "--lang", language});
    CHECK(end.status == 0);
    return end.output;
  };
  CHECK_THAT(explain_in("ja"), ContainsSubstring("認められます"));
  CHECK_THAT(explain_in("en"), ContainsSubstring("allowed"));
  CHECK(run({"rules", "list", "--item", "48", "--lang", "ja"}).output.starts_with("48\t"));
  CHECK_THAT(
      run({"rules", "list", "--item", "48", "--csv", "--lang", "ja"}).output,
      ContainsSubstring("項,事務,事務の名称,条,照会者,提供者,特定個人情報,特定個人情報名\r\n48,"));
  const ProgramEnd csv = run({"rules", "list", "--item", "106", "--csv", "--lang", "en"});
  CHECK_THAT(csv.output, ContainsSubstring("TM00000000000002; TM00000000000001,"));
  CHECK(nlohmann::json::parse(denied.output)["allowed"] == false);
  CHECK(explain("知らない情報").status == 2);

  // One row less: what it allowed is closed.
  const std::string shipped =
      *read_file(std::string(NAKADACHI_SOURCE_DIR) + "/data/legal_table.tsv");
  const std::string row = "106\t1,302\tJM01000000106000\t1\tTM00000000000002,TM00000000000001\n";
  std::string fewer = shipped;
  REQUIRE(fewer.find(row) != std::string::npos);
  fewer.erase(fewer.find(row), row.size());
  REQUIRE(write_private_file(folder.file("fewer.tsv"), fewer));
  const ProgramEnd same = run({"rules", "diff", "shipped", "shipped", "--json"});
  CHECK(nlohmann::json::parse(same.output).empty());
  const ProgramEnd differs = run({"rules", "diff", "shipped", folder.file("fewer.tsv"), "--json"});
  const auto differences = nlohmann::json::parse(differs.output);
  REQUIRE_FALSE(differences.empty());
  for (const auto& one : differences) CHECK(one["item"] == "106");
  CHECK_THAT(run({"rules", "diff", "shipped", folder.file("fewer.tsv"), "--lang", "ja"}).output,
             ContainsSubstring("廃止"));
  CHECK_THAT(run({"rules", "diff", "shipped", folder.file("fewer.tsv"), "--csv"}).output,
             ContainsSubstring("項,対象,改正前,改正後\r\ncloses,106,"));

  const std::string affair =
      "児童手当法による児童手当の支給に関する事務であって第百八条で定めるもの";
  const std::string kind = "地方税関係情報であって第百八条で定めるもの";
  REQUIRE(
      write_private_file(folder.file("wording.tsv"),
                         fmt::format("item\titem_kanji\tinquirer\taffair\tprovider\tinformation\n"
                                     "106\t百六\t市町村長\t{0}\t市町村長\t{1}\n"
                                     "107\t百七\tどこにもいない者\t{0}\t市町村長\t{1}\n",
                                     affair, kind)));
  const ProgramEnd imported = run(
      {"rules", "import", folder.file("wording.tsv"), "--out", folder.file("facts.tsv"), "--json"});
  CHECK(imported.status == 1);  // one row of the two is not decided
  const ProgramEnd wording =
      run({"rules", "diff", "shipped", folder.file("wording.tsv"), "--lang", "en"});
  CHECK(wording.status == 0);
  CHECK_THAT(wording.complaint, ContainsSubstring("1 of 2 rows could not be decided"));
  const auto told = [&](const std::string& language) {
    return run({"rules", "import", folder.file("wording.tsv"), "--lang", language}).output;
  };
  CHECK_THAT(told("ja"), ContainsSubstring("全行の確定: 1 / 2 (50.0 %)"));
  CHECK_THAT(told("en"), ContainsSubstring("all rows decided: 1 / 2 (50.0 %)"));
  const auto rows = nlohmann::json::parse(imported.output)["rows"];
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["decided"] == true);
  CHECK(rows[1]["decided"] == false);
  CHECK_FALSE(rows[1]["reasons"].empty());
  CHECK(std::filesystem::exists(folder.file("facts.tsv")));
}

TEST_CASE("what cannot be printed is an error") {
  for (const std::string command : {"rules list", "rules list --item 48", "errors"}) {
    CAPTURE(command);
    const auto end =
        run_program({"/bin/sh", "-c", fmt::format("{} {} > /dev/full", kProgram, command)}, "");
    REQUIRE(end);
    CHECK(end->status == 1);
    CHECK_THAT(end->complaint, ContainsSubstring("standard output"));
  }
}

TEST_CASE("the law of a node with two versions of the table is explained by its days") {
  const testing::TempFolder folder;
  const std::string config = folder.file("node.toml");
  REQUIRE(write_private_file(folder.file("law.tsv"), *read_file(std::string(NAKADACHI_SOURCE_DIR) +
                                                                "/data/legal_table.tsv")));
  REQUIRE(write_private_file(folder.file("conditions.tsv"),
                             "48\tJT00000000000001\tTM00000000000002\t*\n"));
  const std::string key(64, 'a');
  REQUIRE(write_private_file(config, fmt::format(R"(
[node]
name = "node 1"
[database]
train = "user=nakadachi_train"
node = "user=nakadachi_node"
[keys]
credential_file = "root.key"
[trust]
core_key = "{0}"
registry_key = "{0}"
simulated = false
registry = "registry.bin"
[oltp]
endpoint = "tcp://10.0.0.1:5701"
key_file = "oltp.curve"
systems = "systems.tsv"
[gateway]
endpoint = "tcp://10.0.1.1:5702"
public_key = 'rq:rM>}}U?@Lns47E1%kR.o@n%FcmmsL/@{{H8]yf7'
key_file = "link.curve"
[[law.table]]
file = "law.tsv"
from = "2027-04-01"
conditions = "conditions.tsv"
[[law.table]]
file = "law.tsv"
from = "2024-05-27"
until = "2027-03-31"
)",
                                                 key)));
  const auto explain = [&](const std::string& date, std::vector<std::string> more) {
    std::vector<std::string> command = {
        kProgram,        "rules",    "explain",        "--config", config,
        "--asker-class", "市町村長", "--affair",       "48",       "--provider-class",
        "市町村長",      "--kind",   "地方税関係情報", "--date",   date};
    command.insert(command.end(), more.begin(), more.end());
    auto end = run_program(command, "");
    REQUIRE(end);
    return *std::move(end);
  };
  const ProgramEnd before = explain("2027-03-31", {"--json"});
  CHECK(before.status == 0);
  CHECK(nlohmann::json::parse(before.output)["level"] == "row");
  const ProgramEnd after = explain("2027-04-01", {"--json"});
  CHECK(after.status == 1);  // the conditions name one procedure, and none was given
  CHECK(nlohmann::json::parse(after.output)["level"] == "procedure");
  CHECK(explain("2027-04-01", {"--procedure", "JT00000000000001"}).status == 0);
  CHECK(explain("2024-05-26", {}).status == 1);
  CHECK(explain("2027-04-01", {"--table", "shipped"}).status > 2);  // one or the other
}

}  // namespace nakadachi::apps
