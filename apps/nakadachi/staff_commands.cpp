// What staff look after day by day: flags and held requests; and the operator's list of towns.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/common/command_values.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/holding_csv.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/admin_options.hpp"

namespace nakadachi::apps {
namespace {

// flag ------------------------------------------------------------------------

struct FlagOptions {
  AdminOptions admin;
  std::string person;
  std::string flag;
  std::string kind;
  std::string from;
  std::string until;
  std::string file;
  bool dry_run = false;
};

std::string_view words_of(copies::FlagSort sort, const AdminOptions& options) {
  if (sort == copies::FlagSort::kHeld) return options.say("hold", "自動応答不可");
  return options.say("non-disclosure", "不開示");
}

/// Of a file, or the one the options name.
Result<std::vector<FlagRow>> flags_of(const FlagOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  if (!options.file.empty()) {
    NAKADACHI_TRY(const std::string text, read_lines(options.file));
    return read_flags_csv(text, facts);
  }
  if (options.flag.empty()) return Error{.code = ErrorCode::kMissingField, .field = "flag"};
  NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.person));
  copies::Flag flag;
  NAKADACHI_TRY(flag.sort, parse_flag_sort(options.flag));
  NAKADACHI_TRY(flag.period, parse_period(options.from, options.until));
  if (!options.kind.empty()) {
    NAKADACHI_TRY(flag.kind, parse_kind(facts, options.kind));
  }
  return std::vector<FlagRow>{{person, flag}};
}

Result<void> run_change(const FlagOptions& options, bool set) {
  NAKADACHI_TRY(const auto rows, flags_of(options));
  if (options.dry_run) {
    if (options.admin.json) {
      print_json({{"rows", rows.size()}, {"dry_run", true}});
    } else {
      fmt::print("{}: {}\n", options.admin.say("rows, all well written", "正しく書かれた行"),
                 rows.size());
    }
    return {};
  }
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  std::vector<wire::AdminCommand> commands;
  commands.reserve(rows.size());
  for (const FlagRow& row : rows) {
    commands.emplace_back(wire::ChangeFlag{row.person, row.flag, set});
  }
  wire::Done all;
  Failures failures;
  desk.ask_all(std::move(commands), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
    if (const auto done = admin::as<wire::Done>(std::move(answer)); done) {
      all.count += done->count;
    } else {
      failures.add(place, done.error(), options.admin);
    }
  });
  if (failures.result() || all.count > 0) print_done(options.admin, all);
  return failures.result();
}

nlohmann::json day_json(const std::optional<Day>& day) {
  return day ? nlohmann::json(day->text()) : nlohmann::json();
}

/// Of one person, or of everybody who has some.
Result<std::vector<copies::PersonFlags>> flags_at(Desk& desk, const FlagOptions& options) {
  std::vector<copies::PersonFlags> all;
  const auto add = [&](const AddressNumber& person, std::vector<copies::Flag> flags) {
    all.push_back({desk.institution(), person, std::move(flags)});
  };
  if (!options.person.empty()) {
    NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.person));
    NAKADACHI_TRY(auto flags, desk.ask<wire::Flags>(wire::ShowFlags{person}));
    add(person, std::move(flags.flags));
    return all;
  }
  wire::ListFlags list;
  do {
    NAKADACHI_TRY(auto page, desk.ask<wire::FlagPage>(list));
    for (auto& one : page.persons) add(one.person, std::move(one.flags));
    list.after = page.next;
  } while (list.after);
  std::ranges::sort(all, {}, &copies::PersonFlags::person);
  return all;
}

void print_flag(const AddressNumber& person, const copies::Flag& flag,
                const rules::LegalFacts& facts, const AdminOptions& options) {
  fmt::print("{}  {}  {}  {}..{}\n", shown(person), words_of(flag.sort, options),
             flag.kind ? facts.name_of(*flag.kind)
                       : std::string(options.say("all kinds", "全ての特定個人情報")),
             flag.period.from ? flag.period.from->text() : "",
             flag.period.until ? flag.period.until->text() : "");
}

Result<void> run_flag_list(const FlagOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto persons, flags_at(desk, options));
  if (options.admin.csv) {
    fmt::print("{}", flags_csv(persons));
    return {};
  }
  nlohmann::json list = nlohmann::json::array();
  bool none = true;
  for (const copies::PersonFlags& person : persons) {
    for (const copies::Flag& flag : person.flags) {
      none = false;
      if (!options.admin.json) {
        print_flag(person.person, flag, facts, options.admin);
        continue;
      }
      list.push_back({{"person", shown(person.person)},
                      {"flag", word_of(flag.sort)},
                      {"kind", flag.kind ? nlohmann::json(flag.kind->text()) : nlohmann::json()},
                      {"from", day_json(flag.period.from)},
                      {"until", day_json(flag.period.until)}});
    }
  }
  if (options.admin.json) {
    print_json(list);
  } else if (none) {
    fmt::print("{}\n", options.admin.say("no flags", "設定はありません"));
  }
  return {};
}

void add_flag_options(CommandLine command, FlagOptions& options) {
  command.footer(
      "A flag is cleared by the same kind and days it was set with.\nExample: nakadachi flag " +
      command.name() +
      " --person 42 --flag hold --kind 地方税関係情報 \\\n"
      "           --until 2026-09-30 --who 税務課 --why 支援措置");
  const CommandOption file =
      command.add_option("--file", options.file, "CSV of many, as flag list --csv writes it");
  command.add_option("--person", options.person, "団体内統合宛名番号").excludes(file);
  command.add_option("--flag", options.flag, "hold (自動応答不可) or non-disclosure (不開示)")
      .excludes(file)
      .one_of({"hold", "non-disclosure"});
  command.add_flag("--dry-run", options.dry_run, "only look at what is given");
  command.add_option("--kind", options.kind, "TM code or name; all kinds unless given");
  command.add_option("--from", options.from, "first day: 2026-04-01");
  command.add_option("--until", options.until, "last day");
}

// approval --------------------------------------------------------------------

struct ApprovalOptions {
  AdminOptions admin;
  std::size_t limit = SIZE_MAX;
  std::string id;
  std::string person;
  std::string reason;
};

constexpr std::array<ListColumn, 12> kHeldColumns = {{{"id", "番号"},
                                                      {"asker", "照会者"},
                                                      {"section", "部署"},
                                                      {"person", "団体内統合宛名番号"},
                                                      {"item", "項"},
                                                      {"affair", "事務"},
                                                      {"affair_title", "事務の名称"},
                                                      {"procedure", "事務手続"},
                                                      {"kind", "特定個人情報"},
                                                      {"kind_name", "名称"},
                                                      {"asked_at", "照会日時"},
                                                      {"valid_until", "期限"}}};

Result<void> run_approval_list(const ApprovalOptions& options) {
  NAKADACHI_TRY(const rules::LegalFacts facts, embedded_facts());
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReading));
  NAKADACHI_TRY(const auto held, desk.held(options.limit));
  nlohmann::json list = nlohmann::json::array();
  for (const wire::HeldRequest& request : held.requests) {
    const exchange::Subject& subject = request.subject;
    const rules::AffairFact* const affair = facts.find_affair(subject.affair);
    const std::string title = affair != nullptr ? title_of(*affair) : std::string();
    if (wants_rows(options.admin)) {
      list.push_back({{"id", to_hex(request.request.view())},
                      {"asker", subject.asker.text()},
                      {"item", shown_item(request.legal_item)},
                      {"kind", subject.kind.text()},
                      {"kind_name", facts.name_of(subject.kind)},
                      {"affair", subject.affair.text()},
                      {"affair_title", title},
                      {"procedure", subject.procedure.text()},
                      {"section", subject.section},
                      {"person", shown(request.person)},
                      {"asked_at", to_iso8601(request.asked_at)},
                      {"valid_until", to_iso8601(request.valid_until)}});
      continue;
    }
    fmt::print("{}  {} {}\n  {} {}  {}\n  {}\n  {} {} {}\n  {} {}  {} {}\n",
               to_hex(request.request.view()), options.admin.say("person", "宛名番号"),
               shown(request.person), options.admin.say("asked by", "照会者"), subject.asker.text(),
               subject.section, facts.name_of(subject.kind), options.admin.say("item", "項"),
               shown_item(request.legal_item), title.empty() ? subject.affair.text() : title,
               options.admin.say("asked at", "照会日時"), shown_in_japan(request.asked_at),
               options.admin.say("valid until", "期限"), shown_in_japan(request.valid_until));
  }
  if (wants_rows(options.admin)) {
    print_rows(options.admin, list, kHeldColumns);
  } else if (held.requests.empty()) {
    fmt::print("{}\n", options.admin.say("nothing is held", "承認待ちはありません"));
  }
  if (held.more) {
    fmt::print(stderr, "{}\n",
               options.admin.say("more is held: without --limit all is shown",
                                 "承認待ちはほかにもあります（--limit を付けなければ全て表示）"));
  }
  return {};
}

Result<void> run_decide(const ApprovalOptions& options) {
  const auto bytes = from_hex(options.id);
  const auto id = bytes ? ExchangeId::from(*bytes) : std::nullopt;
  if (!id) return Error{.code = ErrorCode::kWrongFormat, .field = "id"};
  NAKADACHI_TRY(const AddressNumber person, AddressNumber::parse(options.person));
  wire::Decide command{.request = *id, .person = person, .refusal = {}};
  if (options.reason == "identity_in_doubt") command.refusal = ErrorCode::kIdentityInDoubt;
  if (options.reason == "under_correction") command.refusal = ErrorCode::kUnderCorrection;
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kReason));
  NAKADACHI_TRY(const auto done, desk.ask<wire::Done>(command));
  print_done(options.admin, done);
  return {};
}

void add_decision_options(CommandLine command, ApprovalOptions& options) {
  command.add_option("ID", options.id, "from the list, 32 hexadecimal digits").required();
  command
      .add_option("--person", options.person,
                  "whom the list shows: nothing is decided once the request is about another")
      .required();
}

void add_refuse_options(CommandLine command, ApprovalOptions& options) {
  command.footer(
      "Example: nakadachi approval refuse 01a2…(32 digits) --person 42 \\\n"
      "           --reason under_correction --who 税務課 --why 更正中");
  add_decision_options(command, options);
  command.add_option("--reason", options.reason, "identity_in_doubt or under_correction")
      .required()
      .one_of({"identity_in_doubt", "under_correction"});
}

// tenant ----------------------------------------------------------------------

struct TenantOptions {
  AdminOptions admin;
};

constexpr std::array<ListColumn, 7> kTenantColumns = {{{"tenant", "団体"},
                                                       {"lane", "レーン"},
                                                       {"queued", "待ち"},
                                                       {"in_flight", "処理中"},
                                                       {"held", "承認待ち"},
                                                       {"copies", "副本"},
                                                       {"symbols", "符号"}}};
constexpr std::array<ListColumn, 5> kInstitutionColumns = {{{"institution", "機関"},
                                                            {"tenant", "団体"},
                                                            {"copies", "副本"},
                                                            {"symbols", "符号"},
                                                            {"delegated_until", "署名委任の期限"}}};

Result<void> run_tenants(const TenantOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kOperator));
  NAKADACHI_TRY(const auto states, desk.ask<wire::TenantStates>(wire::ListTenants{}));
  nlohmann::json list = nlohmann::json::array();
  if (!wants_rows(options.admin)) {
    fmt::print("{}\n",
               options.admin.say("tenant  lane  queued  in flight    held    copies   symbols",
                                 "団体    レーン 待ち   処理中       承認待ち 副本     符号"));
  }
  for (const wire::TenantState& state : states.tenants) {
    if (wants_rows(options.admin)) {
      list.push_back({{"tenant", state.tenant.value},
                      {"lane", state.lane.value},
                      {"queued", state.queued},
                      {"in_flight", state.in_flight},
                      {"held", state.held},
                      {"copies", state.copies},
                      {"symbols", state.symbols}});
    } else {
      fmt::print("{:06}  {:>4}  {:>6}  {:>9}  {:>6}  {:>8}  {:>8}\n", state.tenant.value,
                 state.lane.value, state.queued, state.in_flight, state.held, state.copies,
                 state.symbols);
    }
  }
  if (wants_rows(options.admin)) print_rows(options.admin, list, kTenantColumns);
  return {};
}

// institution -----------------------------------------------------------------

Result<std::vector<wire::InstitutionState>> all_institutions(Desk& desk) {
  std::vector<wire::InstitutionState> all;
  wire::ListInstitutions list;
  while (true) {
    NAKADACHI_TRY(const auto page, desk.ask<wire::InstitutionStates>(list));
    if (page.institutions.empty()) return all;
    list.after = page.institutions.back().institution;
    all.insert(all.end(), page.institutions.begin(), page.institutions.end());
  }
}

Result<void> run_institutions(const TenantOptions& options) {
  NAKADACHI_TRY(Desk desk, Desk::open(options.admin, Needs::kOperator));
  NAKADACHI_TRY(const auto institutions, all_institutions(desk));
  if (wants_rows(options.admin)) {
    nlohmann::json list = nlohmann::json::array();
    for (const wire::InstitutionState& one : institutions) {
      list.push_back({{"institution", one.institution.text()},
                      {"tenant", one.tenant.value},
                      {"copies", one.copies},
                      {"symbols", one.symbols},
                      {"delegated_until", shown_in_japan(one.delegated_until)}});
    }
    print_rows(options.admin, list, kInstitutionColumns);
    return {};
  }
  fmt::print("{}\n",
             options.admin.say("institution       tenant    copies   symbols  node signs until",
                               "機関              団体      副本     符号     署名委任の期限"));
  for (const wire::InstitutionState& one : institutions) {
    fmt::print("{}  {:06}  {:>8}  {:>8}  {}\n", one.institution.text(), one.tenant.value,
               one.copies, one.symbols, shown_in_japan(one.delegated_until));
  }
  return {};
}

}  // namespace

void add_flag_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine flag = app.add_command("flag", "Flags on persons: 自動応答不可, 不開示");
  flag.needs_command();
  add_admin_command<FlagOptions>(
      flag, chosen, language, {"set", "Set a flag"}, Needs::kReason, add_flag_options,
      [](const FlagOptions& options) { return run_change(options, true); });
  add_admin_command<FlagOptions>(
      flag, chosen, language, {"clear", "Clear a flag"}, Needs::kReason, add_flag_options,
      [](const FlagOptions& options) { return run_change(options, false); });
  add_admin_command<FlagOptions>(
      flag, chosen, language, {"list", "Flags of a person, or of all"}, Needs::kReading,
      [](CommandLine command, FlagOptions& options) {
        command.footer("Example: nakadachi flag list --csv");
        command.add_option("--person", options.person,
                           "団体内統合宛名番号; everybody unless given");
        add_csv_option(command, options.admin);
      },
      run_flag_list);
}

void add_approval_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine approval = app.add_command("approval", "Requests held until staff decide");
  approval.needs_command();
  add_admin_command<ApprovalOptions>(
      approval, chosen, language, {"list", "What is held, first what lapses first"},
      Needs::kReading,
      [](CommandLine command, ApprovalOptions& options) {
        command.footer("Example: nakadachi approval list --lang ja");
        command.add_option("--limit", options.limit, "show so many at most; all unless given")
            .positive();
        add_csv_option(command, options.admin);
      },
      run_approval_list);
  add_admin_command<ApprovalOptions>(
      approval, chosen, language, {"approve", "Provide the answer"}, Needs::kReason,
      [](CommandLine command, ApprovalOptions& options) {
        command.footer(
            "Example: nakadachi approval approve 01a2…(32 digits) --person 42 \\\n"
            "           --who 税務課 --why 確認済");
        add_decision_options(command, options);
      },
      run_decide);
  add_admin_command<ApprovalOptions>(approval, chosen, language,
                                     {"refuse", "Refuse for a reason of the closed list"},
                                     Needs::kReason, add_refuse_options, run_decide);
}

void add_tenant_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine tenant = app.add_command("tenant", "Towns of a node, for its operator");
  tenant.needs_command();
  add_admin_command<TenantOptions>(
      tenant, chosen, language, {"list", "What each has waiting and holds; no business data"},
      Needs::kOperator,
      [](CommandLine command, TenantOptions& options) {
        command.footer("Example: nakadachi tenant list --key-file operator.curve");
        add_csv_option(command, options.admin);
      },
      run_tenants);
}

void add_institution_commands(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine institution =
      app.add_command("institution", "Institutions of a node, for its operator");
  institution.needs_command();
  add_admin_command<TenantOptions>(
      institution, chosen, language,
      {"list", "What each holds, and until when the node may sign for it; no business data"},
      Needs::kOperator,
      [](CommandLine command, TenantOptions& options) {
        command.footer("Example: nakadachi institution list --key-file operator.curve --json");
        add_csv_option(command, options.admin);
      },
      run_institutions);
}

}  // namespace nakadachi::apps
