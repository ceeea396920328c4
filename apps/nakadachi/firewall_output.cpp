#include "apps/nakadachi/firewall_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "nakadachi/firewall_rules/tables.hpp"

namespace nakadachi::apps {
namespace {

using nlohmann::json;

const walls::Opening& opening_of(const walls::World& world, int place) {
  return world.openings()[static_cast<std::size_t>(place)];
}

json json_of(const walls::AddressSet& addresses) {
  json list = json::array();
  for (const auto& piece : addresses.intervals()) list.push_back(walls::text_of(piece));
  return list;
}

json json_of(const walls::Region& region) {
  return {{"from", json_of(region.from)},
          {"to", json_of(region.to)},
          {"services", walls::text_of(region.services)}};
}

std::string text_of(const walls::Region& region) {
  return fmt::format("{} -> {}  {}", walls::short_text(region.from), walls::short_text(region.to),
                     walls::text_of(region.services));
}

json json_of(const walls::World& world, const walls::Answer& answer) {
  json path = json::array();
  for (const walls::Hop& hop : answer.path) {
    path.push_back({{"from", world.name_of_machine(hop.from)},
                    {"flow", world.name_of_opening(opening_of(world, hop.opening))},
                    {"to", world.name_of_machine(hop.to)},
                    {"exactly", json_of(hop.region)}});
  }
  json told = {{"reachable", answer.reachable},
               {"about_nobody", answer.about_nobody},
               {"path", path},
               {"closed", walls::summary(world, answer.closed)},
               {"openings_examined", answer.openings}};
  if (answer.itself != walls::kNobody) {
    told["start_itself"] = world.name_of_machine(answer.itself);
  }
  return told;
}

std::string_view japanese_name_of(walls::Change::Kind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"開放", "拡大", "閉鎖", "縮小", "編集"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view japanese_name_of(std::string_view differs) {
  if (differs == "from") return "開始側";
  return differs == "to" ? "接続先" : "ポート";
}

std::string_view japanese_name_of(walls::Drift::Kind kind) {
  constexpr std::array<std::string_view, 14> kNames = {"テーブルなし",   "テーブル変更",
                                                       "構成要素なし",   "構成要素追加",
                                                       "構成要素変更",   "方針変更",
                                                       "規則なし",       "規則追加",
                                                       "規則変更",       "規則順序変更",
                                                       "許可なし",       "許可追加",
                                                       "許可の行先変更", "他テーブルのチェイン"};
  return kNames.at(static_cast<std::size_t>(kind));
}

/// What a missing or superfluous part of the live rules means when the model's are loaded.
enum class Effect { kOpens, kCloses, kChanges };
Effect effect_of(const walls::Drift& drift) {
  using Kind = walls::Drift::Kind;
  if (!drift.object.starts_with("map ")) return Effect::kChanges;
  if (drift.kind == Kind::kElementMissing) return Effect::kOpens;
  return drift.kind == Kind::kElementAdded ? Effect::kCloses : Effect::kChanges;
}
std::string_view name_of(Effect effect, Language language) {
  constexpr std::array<std::string_view, 3> kEnglish = {"opens", "closes", "changes"};
  constexpr std::array<std::string_view, 3> kJapanese = {"開放", "閉鎖", "変更"};
  const auto place = static_cast<std::size_t>(effect);
  return language == Language::kJapanese ? kJapanese.at(place) : kEnglish.at(place);
}

/// The connections of an element without where it leads.
std::string_view connections_of(const std::string& element) {
  return std::string_view(element).substr(0, element.find(" : "));
}

json json_of(const walls::Drift& drift) {
  return {{"flow", drift.flow.empty() ? json(nullptr) : json(drift.flow)},
          {"object", drift.object},
          {"expected", drift.expected},
          {"live", drift.live}};
}

const std::string& in(Language language, const walls::Text& text) {
  const bool ja = language == Language::kJapanese;
  const std::string& wanted = ja ? text.ja : text.en;
  return wanted.empty() ? (ja ? text.en : text.ja) : wanted;
}

std::string text_of(const walls::World& world, const Explained& one, Language language) {
  const bool ja = language == Language::kJapanese;
  const walls::Explanation& answer = one.answer;
  std::string text = fmt::format("{} {} -> {} {}: ", world.name_of_machine(answer.from),
                                 one.from.text(), world.name_of_machine(answer.to), one.to.text());
  if (answer.allowed) {
    const std::string name = world.name_of_opening(opening_of(world, answer.opening));
    text += ja ? fmt::format("許可（{}）\n", name) : fmt::format("allowed by {}\n", name);
  } else {
    text += ja ? "遮断（許可する通信がありません）\n" : "denied: no flow allows it\n";
  }
  if (!answer.passes.empty() && answer.allowed) {
    text += fmt::format("  {}: {}\n", ja ? "通過" : "passes", fmt::join(answer.passes, ", "));
  } else if (!answer.passes.empty()) {
    text += fmt::format("  {}: {}\n", ja ? "遮断箇所" : "stopped by", answer.passes.front());
  }
  if (!one.over.empty()) {
    text += fmt::format("  {}: {}\n", ja ? "期限切れの許可" : "allowed until its date", one.over);
  }
  for (const walls::Explanation::Near& near : answer.near) {
    const walls::Flow& flow = world.model().flows[static_cast<std::size_t>(near.flow)];
    text += ja ? fmt::format("  近い許可: {}（{}が異なる、{}行目）\n", flow.id,
                             japanese_name_of(near.differs), flow.line)
               : fmt::format("  nearest: {} has another {} (line {})\n", flow.id, near.differs,
                             flow.line);
  }
  return text;
}

json json_of(const walls::World& world, const Explained& one) {
  const walls::Explanation& answer = one.answer;
  json near = json::array();
  for (const walls::Explanation::Near& miss : answer.near) {
    near.push_back({{"flow", world.model().flows[static_cast<std::size_t>(miss.flow)].id},
                    {"differs", miss.differs}});
  }
  json value = {{"allowed", answer.allowed},
                {"from", world.name_of_machine(answer.from)},
                {"from_address", one.from.text()},
                {"to", world.name_of_machine(answer.to)},
                {"to_address", one.to.text()},
                {"passes", answer.passes},
                {"over", one.over.empty() ? json(nullptr) : json(one.over)},
                {"near", near}};
  if (answer.allowed) value["flow"] = world.name_of_opening(opening_of(world, answer.opening));
  return value;
}

}  // namespace

std::string text_of_findings(const std::vector<walls::Finding>& findings, Language language) {
  std::string text;
  for (const walls::Finding& finding : findings) text += describe(finding, language) + "\n";
  return text;
}

std::string json_of_findings(const std::vector<walls::Finding>& findings) {
  json list = json::array();
  for (const walls::Finding& finding : findings) {
    const walls::FindingText& text = walls::text_of(finding.kind);
    list.push_back({{"id", text.name},
                    {"severity", walls::name_of(text.severity)},
                    {"subjects", finding.subjects},
                    {"line", finding.line},
                    {"en", text.english},
                    {"ja", text.japanese},
                    {"detail", finding.detail}});
  }
  return list.dump(2) + "\n";
}

std::string text_of_answers(const walls::World& world, const std::vector<Asked>& asked,
                            Language language) {
  const bool ja = language == Language::kJapanese;
  std::string text;
  for (const Asked& one : asked) {
    const walls::Answer& answer = one.answer;
    if (answer.about_nobody) {
      text +=
          fmt::format("?  {}: {}\n", one.name,
                      ja ? "対象が空のため証明になりません" : "speaks of nobody: proves nothing");
      continue;
    }
    text += fmt::format("{}  {}: {}\n", answer.reachable ? "NG" : "OK", one.name,
                        in(language, one.why));
    if (answer.reachable) {
      text += fmt::format("    {} {}\n", ja ? "経路:" : "way:",
                          answer.itself == walls::kNobody ? describe_path(world, answer.path)
                                                          : world.name_of_machine(answer.itself));
      for (const walls::Hop& hop : answer.path)
        text += fmt::format("      {}\n", text_of(hop.region));
      continue;
    }
    const auto closed = walls::summary(world, answer.closed);
    if (!closed.empty()) {
      text += fmt::format("    {} {}\n",
                          ja ? "到達できる範囲（ここから先への許可なし）:"
                             : "all that is reached, and no opening leads out of it:",
                          fmt::join(closed, ", "));
    }
    text += fmt::format("    {}\n", ja ? fmt::format("{}件の許可を検査", answer.openings)
                                       : fmt::format("{} openings examined", answer.openings));
  }
  return text;
}

std::string json_of_answers(const walls::World& world, const std::vector<Asked>& asked) {
  json list = json::array();
  for (const Asked& one : asked) {
    json entry = json_of(world, one.answer);
    entry["id"] = one.name;
    entry["en"] = one.why.en;
    entry["ja"] = one.why.ja;
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string text_of_changes(const std::vector<walls::Change>& changes, Language language) {
  std::string text;
  for (const walls::Change& change : changes) {
    text += language == Language::kJapanese
                ? fmt::format("{}  {}", japanese_name_of(change.kind), change.subject)
                : fmt::format("{:<8} {}", walls::name_of(change.kind), change.subject);
    if (!change.fields.empty()) text += fmt::format(": {}", fmt::join(change.fields, ", "));
    text += "\n";
    constexpr std::size_t kShown = 8;
    for (std::size_t i = 0; i < std::min(change.regions.size(), kShown); ++i) {
      text += fmt::format("           {}\n", text_of(change.regions[i]));
    }
    if (change.regions.size() > kShown) {
      text += fmt::format("           … ({})\n", change.regions.size());
    }
  }
  return text;
}

std::string json_of_changes(const std::vector<walls::Change>& changes) {
  json list = json::array();
  for (const walls::Change& change : changes) {
    json regions = json::array();
    for (const walls::Region& region : change.regions) regions.push_back(json_of(region));
    list.push_back({{"change", walls::name_of(change.kind)},
                    {"subject", change.subject},
                    {"fields", change.fields},
                    {"regions", regions}});
  }
  return list.dump(2) + "\n";
}

std::string text_of_explanations(const walls::World& world, const std::vector<Explained>& all,
                                 Language language) {
  std::string text;
  for (const Explained& one : all) text += text_of(world, one, language);
  return text;
}

std::string json_of_explanations(const walls::World& world, const std::vector<Explained>& all) {
  json list = json::array();
  for (const Explained& one : all) list.push_back(json_of(world, one));
  return list.dump(2) + "\n";
}

std::string text_of_plan(const std::vector<walls::Drift>& changes, Language language) {
  const bool ja = language == Language::kJapanese;
  if (changes.empty()) return ja ? "変更はありません。\n" : "Nothing changes.\n";
  constexpr std::size_t kShown = 8;
  std::map<std::pair<Effect, std::string>, std::vector<const walls::Drift*>> grouped;
  for (const walls::Drift& change : changes) {
    grouped[{effect_of(change), change.flow}].push_back(&change);
  }
  std::string text;
  for (const auto& [group, members] : grouped) {
    const auto& [effect, flow] = group;
    text += fmt::format("{:<8} {}\n", name_of(effect, language), flow);
    for (std::size_t i = 0; i < std::min(members.size(), kShown); ++i) {
      const walls::Drift& one = *members[i];
      text += effect == Effect::kChanges
                  ? fmt::format("           {}: {} => {}\n", one.object, one.live, one.expected)
                  : fmt::format("           {}\n",
                                connections_of(effect == Effect::kOpens ? one.expected : one.live));
    }
    if (members.size() > kShown) text += fmt::format("           … ({})\n", members.size());
  }
  return text;
}

std::string json_of_plan(const std::vector<walls::Drift>& changes) {
  json list = json::array();
  for (const walls::Drift& change : changes) {
    json entry = json_of(change);
    entry["effect"] = name_of(effect_of(change), Language::kEnglish);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string text_of_drifts(const std::vector<walls::Drift>& drifts, Language language) {
  const bool ja = language == Language::kJapanese;
  if (drifts.empty()) {
    return ja ? "モデルと一致しています。\n" : "The same as the model.\n";
  }
  std::string text;
  for (const walls::Drift& drift : drifts) {
    text +=
        fmt::format("{}  {}{}\n", ja ? japanese_name_of(drift.kind) : walls::name_of(drift.kind),
                    drift.object, drift.flow.empty() ? "" : "  [" + drift.flow + "]");
    if (!drift.expected.empty()) {
      text += fmt::format("    {} {}\n", ja ? "モデル:" : "model:", drift.expected);
    }
    if (!drift.live.empty()) {
      text += fmt::format("    {} {}\n", ja ? "稼働中:" : "here: ", drift.live);
    }
  }
  return text;
}

std::string json_of_drifts(const std::vector<walls::Drift>& drifts) {
  json list = json::array();
  for (const walls::Drift& drift : drifts) {
    json entry = json_of(drift);
    entry["drift"] = walls::name_of(drift.kind);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string json_of_reach(const walls::World& world, const std::vector<int>& machines) {
  return json({{"reached", walls::summary(world, machines)}, {"machines", machines.size()}})
             .dump(2) +
         "\n";
}

}  // namespace nakadachi::apps
