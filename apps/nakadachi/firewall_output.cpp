#include "apps/nakadachi/firewall_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
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
  return {{"reachable", answer.reachable},
          {"about_nobody", answer.about_nobody},
          {"path", path},
          {"closed", walls::summary(world, answer.closed)},
          {"openings_examined", answer.openings}};
}

std::string_view japanese_name_of(walls::Change::Kind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"開放", "拡大", "閉鎖", "縮小", "編集"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view japanese_name_of(std::string_view differs) {
  if (differs == "from") return "開始側";
  return differs == "to" ? "接続先" : "ポート";
}

const std::string& in(Language language, const walls::Text& text) {
  const bool ja = language == Language::kJapanese;
  const std::string& wanted = ja ? text.ja : text.en;
  return wanted.empty() ? (ja ? text.en : text.ja) : wanted;
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
      text += fmt::format("    {} {}\n", ja ? "経路:" : "way:", describe_path(world, answer.path));
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

std::string text_of_explanation(const walls::World& world, const walls::Explanation& explanation,
                                Language language) {
  const bool ja = language == Language::kJapanese;
  std::string text = fmt::format("{} -> {}: ", world.name_of_machine(explanation.from),
                                 world.name_of_machine(explanation.to));
  if (explanation.allowed) {
    const std::string name = world.name_of_opening(opening_of(world, explanation.opening));
    text += ja ? fmt::format("許可（{}）\n", name) : fmt::format("allowed by {}\n", name);
  } else {
    text += ja ? "遮断（許可する通信がありません）\n" : "denied: no flow allows it\n";
  }
  if (!explanation.passes.empty() && explanation.allowed) {
    text += fmt::format("  {}: {}\n", ja ? "通過" : "passes", fmt::join(explanation.passes, ", "));
  } else if (!explanation.passes.empty()) {
    text += fmt::format("  {}: {}\n", ja ? "遮断箇所" : "stopped by", explanation.passes.front());
  }
  for (const walls::Explanation::Near& near : explanation.near) {
    const walls::Flow& flow = world.model().flows[static_cast<std::size_t>(near.flow)];
    text += ja ? fmt::format("  近い許可: {}（{}が異なる、{}行目）\n", flow.id,
                             japanese_name_of(near.differs), flow.line)
               : fmt::format("  nearest: {} has another {} (line {})\n", flow.id, near.differs,
                             flow.line);
  }
  return text;
}

std::string json_of_explanation(const walls::World& world, const walls::Explanation& explanation) {
  json near = json::array();
  for (const walls::Explanation::Near& one : explanation.near) {
    near.push_back({{"flow", world.model().flows[static_cast<std::size_t>(one.flow)].id},
                    {"differs", one.differs}});
  }
  json value = {{"allowed", explanation.allowed},
                {"from", world.name_of_machine(explanation.from)},
                {"to", world.name_of_machine(explanation.to)},
                {"passes", explanation.passes},
                {"near", near}};
  if (explanation.allowed) {
    value["flow"] = world.name_of_opening(opening_of(world, explanation.opening));
  }
  return value.dump(2) + "\n";
}

std::string json_of_reach(const walls::World& world, const std::vector<int>& machines) {
  return json({{"reached", walls::summary(world, machines)}, {"machines", machines.size()}})
             .dump(2) +
         "\n";
}

}  // namespace nakadachi::apps
