#include "apps/common/walls_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/municipalities.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/toml_reader.hpp"
#include "nakadachi_embedded/walls.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kPresetPrefix = "preset:";
constexpr std::string_view kLinesFile = "lines.toml";

walls::Text text_pair(TomlReader& reader, const std::string& key) {
  return {reader.text_or(key + "_en"), reader.text_or(key + "_ja")};
}

walls::ServiceSet services(TomlReader& reader, std::string_view key) {
  walls::ServiceSet all;
  for (const auto& one : reader.all_parsed(key, walls::parse_service)) all = all | one;
  return all;
}

std::optional<walls::LogLevel> log_level(TomlReader& reader, std::string_view key) {
  const std::string name = reader.text_or(key);
  if (name.empty()) return std::nullopt;
  if (name == "none") return walls::LogLevel::kNone;
  if (name == "denied") return walls::LogLevel::kDenied;
  if (name != "all") reader.wrong(key, "must be none, denied or all");
  return walls::LogLevel::kAll;
}

walls::Limit limit(TomlReader& reader) {
  return {reader.number_or("new_per_second", 0, 1'000'000),
          reader.number_or("connections", 0, 1'000'000)};
}

std::vector<walls::Town> towns(TomlReader reader) {
  std::vector<walls::Town> list;
  const std::vector<std::string> codes = reader.texts("codes");
  const auto& known = municipalities();
  if (codes == std::vector<std::string>{"all"}) {
    for (const Municipality& one : known) list.push_back({one.code.text(), one.name});
  } else {
    for (const std::string& code : codes) {
      const auto found = std::find_if(known.begin(), known.end(), [&](const Municipality& one) {
        return one.code.text() == code;
      });
      if (!MunicipalityCode::parse(code)) {
        reader.wrong("codes", fmt::format("'{}' is no 団体コード of six digits", code));
      }
      list.push_back({code, found == known.end() ? std::string() : found->name});
    }
  }
  reader.finish();
  return list;
}

walls::Segment segment(TomlReader& reader) {
  walls::Segment made{.name = reader.text("name"), .title = text_pair(reader, "title")};
  const auto kind = walls::segment_kind_of(reader.text("kind"));
  if (!kind) {
    reader.wrong("kind",
                 "must be business, internal, internet, core, database, link, national, ops or "
                 "backup");
  }
  made.kind = kind.value_or(made.kind);
  made.per_town = reader.flag_or("per_town", false);
  for (const char* const key : {"ipv4", "ipv6"}) {
    for (const walls::Prefix& prefix : reader.all_parsed(key, walls::Prefix::parse)) {
      const bool is_v4 = prefix.family() == walls::Family::kIpv4;
      if (is_v4 != (std::string_view(key) == "ipv4")) reader.wrong(key, "is of the other family");
      made.prefixes.push_back(prefix);
    }
  }
  made.ipv4_each = reader.number_or("ipv4_each", made.ipv4_each, 32);
  made.ipv6_each = reader.number_or("ipv6_each", made.ipv6_each, 128);
  const std::string inside = reader.text_or("inside", "open");
  if (inside != "open" && inside != "walled") reader.wrong("inside", "must be open or walled");
  made.open_inside = inside == "open";
  made.line_class = reader.text_or("line");
  made.users = reader.number_or("users", 0);
  made.line = reader.line();
  reader.finish();
  return made;
}

walls::Host host(TomlReader& reader) {
  walls::Host made{.name = reader.text("name"),
                   .segment = reader.text("segment"),
                   .title = text_pair(reader, "title"),
                   .addresses = reader.all_parsed("address", walls::Address::parse),
                   .mac = reader.parsed("mac", walls::Mac::parse),
                   .role = reader.text_or("role"),
                   .line = reader.line()};
  if (reader.has("offset")) made.offset = reader.number_or("offset", 0);
  reader.finish();
  return made;
}

walls::Service service(TomlReader& reader) {
  walls::Service made{.host = reader.text("host"),
                      .name = reader.text("name"),
                      .listens = services(reader, "listens"),
                      .process = reader.text_or("process"),
                      .line = reader.line()};
  if (made.listens.empty()) reader.wrong("listens", "name a port, as in tcp/5701");
  reader.finish();
  return made;
}

walls::Flow flow(TomlReader& reader) {
  walls::Flow made{.id = reader.text("id"),
                   .from = reader.texts("from"),
                   .to = reader.texts("to"),
                   .services = services(reader, "service"),
                   .application = reader.text_or("application"),
                   .why = text_pair(reader, "why"),
                   .owner = reader.text_or("owner"),
                   .valid_until = reader.date("valid_until"),
                   .specific = reader.flag_or("specific", false),
                   .across_towns = reader.flag_or("across_towns", false),
                   .ipv6_alone = reader.flag_or("ipv6_alone", false),
                   .limit = limit(reader),
                   .log = log_level(reader, "log"),
                   .traffic = reader.text_or("traffic"),
                   .line = reader.line()};
  reader.finish();
  return made;
}

walls::LimitFor limit_for(TomlReader& reader) {
  walls::LimitFor made{.flow = reader.text("flow"),
                       .towns = reader.texts("towns"),
                       .limit = limit(reader),
                       .line = reader.line()};
  reader.finish();
  return made;
}

/// One port of one protocol, or an error at `key`.
walls::ServiceSet one_port(TomlReader& reader, std::string_view key) {
  const walls::ServiceSet set = services(reader, key);
  const auto ranges = walls::port_ranges(set);
  if (ranges.size() != 1 || ranges.front().first != ranges.front().last ||
      ranges.front().protocol == walls::Protocol::kEcho) {
    reader.wrong(key, "name one port, as in tcp/443");
  }
  return set;
}

walls::Nat nat(TomlReader& reader) {
  using Kind = walls::Nat::Kind;
  walls::Nat made{.id = reader.text("id"), .wall = reader.text("wall"), .line = reader.line()};
  const std::string kind = reader.text("kind");
  if (kind != "destination" && kind != "source") {
    reader.wrong("kind", "must be destination or source");
  }
  made.shown = reader.parsed("shown", walls::Address::parse).value_or(walls::Address{});
  if (kind == "source") {
    made.kind = Kind::kSource;
    made.hidden_range = reader.parsed("hidden", walls::parse_addresses);
    made.towards = reader.text("towards");
    if (!made.hidden_range) reader.wrong("hidden", "name the addresses that are hidden");
  } else {
    made.hidden = reader.parsed("hidden", walls::Address::parse).value_or(walls::Address{});
    made.shown_service = one_port(reader, "shown_service");
    made.hidden_service = one_port(reader, "hidden_service");
  }
  reader.finish();
  return made;
}

walls::Invariant invariant(TomlReader& reader) {
  using Kind = walls::Invariant::Kind;
  walls::Invariant made{.id = reader.text("id"),
                        .from = reader.texts("from"),
                        .except = reader.texts("except"),
                        .to = reader.texts("to"),
                        .why = text_pair(reader, "why"),
                        .line = reader.line()};
  const std::string kind = reader.text("kind");
  if (kind == "no_opening") {
    made.kind = Kind::kNoOpening;
  } else if (kind == "towns_apart") {
    made.kind = Kind::kTownsApart;
  } else if (kind != "no_path") {
    reader.wrong("kind", "must be no_opening, no_path or towns_apart");
  }
  if (reader.has("service")) made.services = services(reader, "service");
  reader.finish();
  return made;
}

/// Reads each `[[key]]` with `read`.
template <class T>
std::vector<T> list(TomlReader& reader, std::string_view key, T (*read)(TomlReader&)) {
  std::vector<T> all;
  for (TomlReader& one : reader.tables(key)) all.push_back(read(one));
  return all;
}

/// Replaces what is there under the same name.
template <class T>
void put(std::vector<T>& all, T one) {
  const auto same =
      std::find_if(all.begin(), all.end(), [&](const T& other) { return other.name == one.name; });
  if (same == all.end()) {
    all.push_back(std::move(one));
  } else {
    *same = std::move(one);
  }
}

void read_lines(TomlReader& reader, walls::Model& model) {
  for (TomlReader& one : reader.tables("line")) {
    put(model.line_classes, {.name = one.text("name"),
                             .kbps = one.number_or("kbps", 0),
                             .title = text_pair(one, "title")});
    one.finish();
  }
  for (TomlReader& one : reader.tables("traffic")) {
    put(model.traffic_kinds, {.name = one.text("name"),
                              .bytes = one.number_or("bytes", 0),
                              .kbps_per_user = one.number_or("kbps_per_user", 0),
                              .within_ms = one.number_or("within_ms", 0),
                              .title = text_pair(one, "title")});
    one.finish();
  }
}

void read_model(TomlReader& reader, walls::Model& model) {
  TomlReader about = reader.table("model");
  model.name = about.text("name");
  model.title = text_pair(about, "title");
  model.protects = text_pair(about, "protects");
  model.leaves = text_pair(about, "leaves");
  model.log = log_level(about, "log").value_or(walls::LogLevel::kDenied);
  about.finish();
  model.towns = towns(reader.table("towns"));
  model.segments = list<walls::Segment>(reader, "segment", segment);
  model.hosts = list<walls::Host>(reader, "host", host);
  model.services = list<walls::Service>(reader, "service", service);
  for (TomlReader& one : reader.tables("wall")) {
    model.walls.push_back({.name = one.text("name"),
                           .title = text_pair(one, "title"),
                           .joins = one.texts("joins"),
                           .line = one.line()});
    one.finish();
  }
  model.flows = list<walls::Flow>(reader, "flow", flow);
  model.limits = list<walls::LimitFor>(reader, "limit", limit_for);
  model.nats = list<walls::Nat>(reader, "nat", nat);
  model.invariants = list<walls::Invariant>(reader, "invariant", invariant);
  read_lines(reader, model);
}

}  // namespace

Result<walls::Model> parse_walls(std::string_view toml, const std::string& origin) {
  walls::Model model;
  for (const EmbeddedFile& file : embedded::walls()) {
    if (file.name != kLinesFile) continue;
    NAKADACHI_CHECK(read_toml(file.content, std::string(file.name),
                              [&](TomlReader& reader) { read_lines(reader, model); }));
  }
  NAKADACHI_CHECK(read_toml(toml, origin, [&](TomlReader& reader) { read_model(reader, model); }));
  return model;
}

Result<walls::Model> load_walls(const std::string& place) {
  if (!place.starts_with(kPresetPrefix)) {
    NAKADACHI_TRY(const std::string text, read_file(place));
    return parse_walls(text, place);
  }
  const std::string_view name = std::string_view(place).substr(kPresetPrefix.size());
  for (const WallsPreset& preset : walls_presets()) {
    if (preset.name == name) return parse_walls(preset.toml, place);
  }
  return Error{
      .code = ErrorCode::kConfigInvalid,
      .detail = place + ": there is no such preset; `nakadachi firewall presets` lists them"};
}

const std::vector<WallsPreset>& walls_presets() {
  static const std::vector<WallsPreset> presets = [] {
    std::vector<WallsPreset> all;
    for (const EmbeddedFile& file : embedded::walls()) {
      if (file.name != kLinesFile) {
        all.push_back({file.name.substr(0, file.name.rfind('.')), file.content});
      }
    }
    return all;
  }();
  return presets;
}

}  // namespace nakadachi::apps
