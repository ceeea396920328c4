#include "nakadachi/firewall_rules/tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace nakadachi::walls {
namespace {

using Row = std::vector<std::string>;

/// A heading in both languages; people who read one find the other beside it.
struct Column {
  std::string_view en;
  std::string_view ja;
};

std::string_view in(Language language, const Column& column) {
  return language == Language::kJapanese ? column.ja : column.en;
}
const std::string& in(Language language, const Text& text) {
  const std::string& wanted = language == Language::kJapanese ? text.ja : text.en;
  const std::string& other = language == Language::kJapanese ? text.en : text.ja;
  return wanted.empty() ? other : wanted;
}

constexpr std::array kFlowColumns = {Column{"flow", "識別子"},
                                     Column{"from (opens)", "開始側"},
                                     Column{"from, addresses", "開始側アドレス"},
                                     Column{"to", "接続先"},
                                     Column{"to, addresses", "接続先アドレス"},
                                     Column{"service", "プロトコル/ポート"},
                                     Column{"application", "通信プロトコル"},
                                     Column{"specific", "特定通信"},
                                     Column{"limit", "制限"},
                                     Column{"why", "理由"},
                                     Column{"owner", "所管"},
                                     Column{"valid until", "期限"}};

std::string limit_text(const Limit& limit) {
  std::string text;
  if (limit.new_per_second > 0) text = fmt::format("{}/s", limit.new_per_second);
  if (limit.connections > 0) {
    text += fmt::format("{}≤ {}", text.empty() ? "" : ", ", limit.connections);
  }
  return text;
}

Row flow_row(const World& world, int place, Language language) {
  const Flow& flow = world.model().flows[static_cast<std::size_t>(place)];
  std::vector<Interval<Address>> from;
  std::vector<Interval<Address>> to;
  ServiceSet services;
  for (const Opening& opening : world.openings()) {
    if (opening.flow != place) continue;
    const auto sources = opening.region.from.intervals();
    const auto targets = opening.region.to.intervals();
    from.insert(from.end(), sources.begin(), sources.end());
    to.insert(to.end(), targets.begin(), targets.end());
    services = services | opening.region.services;
  }
  return {flow.id,
          fmt::format("{}", fmt::join(flow.from, ", ")),
          short_text(AddressSet::of(std::move(from))),
          fmt::format("{}", fmt::join(flow.to, ", ")),
          short_text(AddressSet::of(std::move(to))),
          text_of(services),
          flow.application,
          flow.specific ? "○" : "",
          limit_text(flow.limit),
          in(language, flow.why),
          flow.owner,
          flow.valid_until ? text_of(*flow.valid_until) : ""};
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

void append_table(std::string& text, const Row& heading, const std::vector<Row>& rows) {
  const auto line = [&](const Row& cells) {
    for (const std::string& cell : cells) text += "| " + escaped(cell) + " ";
    text += "|\n";
  };
  line(heading);
  line(Row(heading.size(), "---"));
  for (const Row& row : rows) line(row);
  text += "\n";
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

Row flow_heading(Language language) {
  Row heading;
  for (const Column& column : kFlowColumns) heading.emplace_back(in(language, column));
  return heading;
}

std::vector<Row> segment_rows(const World& world, Language language) {
  std::vector<Row> rows;
  for (const Segment& segment : world.model().segments) {
    std::string prefixes;
    for (const Prefix& prefix : segment.prefixes) {
      if (!prefixes.empty()) prefixes += ", ";
      prefixes += prefix.text();
      if (segment.per_town) {
        prefixes += fmt::format(
            " (/{} × {})", prefix.family() == Family::kIpv4 ? segment.ipv4_each : segment.ipv6_each,
            world.model().towns.size());
      }
    }
    rows.push_back({segment.name, in(language, segment.title), std::string(name_of(segment.kind)),
                    prefixes, segment.open_inside ? "○" : ""});
  }
  return rows;
}

std::vector<Row> host_rows(const World& world, Language language) {
  std::vector<Row> rows;
  const Model& model = world.model();
  for (std::size_t place = 0; place < model.hosts.size(); ++place) {
    const Host& host = model.hosts[place];
    std::string services;
    for (const Service& service : model.services) {
      if (service.host != host.name) continue;
      services += fmt::format("{}{} {}", services.empty() ? "" : "; ", service.name,
                              text_of(service.listens));
    }
    rows.push_back({host.name, in(language, host.title), host.segment,
                    short_text(world.host_addresses(static_cast<int>(place))),
                    host.mac ? host.mac->text() : "", services});
  }
  return rows;
}

}  // namespace

std::string short_text(const AddressSet& addresses) {
  constexpr std::size_t kShown = 4;
  const auto pieces = addresses.intervals();
  if (addresses == all_addresses()) return "any";
  std::string text;
  for (std::size_t i = 0; i < std::min(pieces.size(), kShown); ++i) {
    if (i > 0) text += ", ";
    text += text_of(pieces[i]);
  }
  if (pieces.size() > kShown) text += fmt::format(", … ({})", pieces.size());
  return text;
}

std::string markdown(const World& world, Language language) {
  const Model& model = world.model();
  const bool ja = language == Language::kJapanese;
  std::string text = fmt::format("# {}\n\n", in(language, model.title));
  for (const Text* paragraph : {&model.protects, &model.leaves}) {
    if (!in(language, *paragraph).empty()) text += in(language, *paragraph) + "\n\n";
  }
  text += ja ? "## セグメント\n\n" : "## Segments\n\n";
  append_table(text,
               ja ? Row{"名前", "名称", "種類", "アドレス", "内部は開放"}
                  : Row{"name", "title", "kind", "addresses", "open inside"},
               segment_rows(world, language));
  text += ja ? "## 機器\n\n" : "## Hosts\n\n";
  append_table(text,
               ja ? Row{"名前", "名称", "セグメント", "アドレス", "MAC", "サービス"}
                  : Row{"name", "title", "segment", "addresses", "MAC", "services"},
               host_rows(world, language));
  text += ja ? "## 許可する通信（これ以外はすべて遮断）\n\n"
             : "## Flows allowed; everything else is closed\n\n";
  std::vector<Row> flows;
  flows.reserve(model.flows.size());
  for (int place = 0; place < static_cast<int>(model.flows.size()); ++place) {
    flows.push_back(flow_row(world, place, language));
  }
  append_table(text, flow_heading(language), flows);
  text += ja ? "## 不変条件\n\n" : "## Invariants\n\n";
  for (const Invariant& invariant : model.invariants) {
    text += fmt::format("- `{}`: {}\n", invariant.id, in(language, invariant.why));
  }
  return text;
}

std::string csv(const World& world, Language language) {
  std::string text;
  const auto line = [&](const Row& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += ",";
      text += csv_field(cells[i]);
    }
    text += "\r\n";
  };
  line(flow_heading(language));
  for (int place = 0; place < static_cast<int>(world.model().flows.size()); ++place) {
    line(flow_row(world, place, language));
  }
  return text;
}

}  // namespace nakadachi::walls
