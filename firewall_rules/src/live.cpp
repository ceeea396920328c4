#include "nakadachi/firewall_rules/live.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace nakadachi::walls {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `head` of `head {`, which opens a block.
std::string_view head_of(std::string_view line) {
  line.remove_suffix(1);
  return trimmed(line);
}

/// Between commas that stand neither in quotes nor in braces.
std::vector<std::string> split_elements(std::string_view text) {
  std::vector<std::string> elements;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ',';
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '{') ++depth;
    if (!quoted && c == '}') --depth;
    const bool ends = at == text.size() || (c == ',' && depth == 0 && !quoted);
    if (!ends) continue;
    const std::string_view element = trimmed(text.substr(begin, at - begin));
    if (!element.empty()) elements.emplace_back(element);
    begin = at + 1;
  }
  return elements;
}

/// Braces that are opened and not closed, less those closed and not opened; those in quotes, as of
/// comments, are none.
int braces_open_in(std::string_view text) {
  int open = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '{') ++open;
    if (!quoted && c == '}') --open;
  }
  return open;
}

bool is_filled_by_packets(const ListedObject& object) {
  return std::any_of(
      object.properties.begin(), object.properties.end(), [](const std::string& property) {
        return property.starts_with("flags ") && property.find("dynamic") != std::string::npos;
      });
}

class ListingReader {
 public:
  explicit ListingReader(std::string_view text) : text_(text) {}

  Result<std::vector<ListedTable>> read() {
    std::vector<ListedTable> tables;
    std::string_view line;
    while (next(line)) {
      if (line.empty()) continue;
      if (!line.starts_with("table ") || !line.ends_with("{")) return wrong();
      ListedTable& table = tables.emplace_back();
      table.name = head_of(line).substr(6);
      NAKADACHI_CHECK(read_table(table));
    }
    return tables;
  }

 private:
  bool next(std::string_view& line) {
    if (text_.empty()) return false;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    line = trimmed(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++number_;
    return true;
  }

  Error wrong() const {
    return {.code = ErrorCode::kWrongFormat,
            .position = number_,
            .detail = "the listing of nft is not understood"};
  }

  Result<void> read_table(ListedTable& table) {
    std::string_view line;
    while (next(line)) {
      if (line == "}") return {};
      if (line.empty()) continue;
      if (!line.ends_with("{")) {
        table.properties.emplace_back(line);
        continue;
      }
      const std::string_view head = head_of(line);
      const std::size_t blank = head.find(' ');
      if (blank == std::string_view::npos) return wrong();
      ListedObject& object = table.objects.emplace_back();
      object.kind = head.substr(0, blank);
      object.name = head.substr(blank + 1);
      NAKADACHI_CHECK(read_object(object));
    }
    return wrong();
  }

  Result<void> read_object(ListedObject& object) {
    constexpr std::string_view kElements = "elements = {";
    std::string_view line;
    while (next(line)) {
      if (line == "}") {
        if (object.kind != "chain") std::sort(object.entries.begin(), object.entries.end());
        return {};
      }
      if (line.starts_with(kElements)) {
        NAKADACHI_CHECK(read_elements(line.substr(kElements.size()), object));
      } else if (object.kind == "chain" && !line.starts_with("type ") &&
                 !line.starts_with("comment ")) {
        object.entries.emplace_back(line);
      } else if (!line.empty()) {
        object.properties.emplace_back(line);
      }
    }
    return wrong();
  }

  /// Elements may go on over many lines; the last one ends with a brace of its own.
  Result<void> read_elements(std::string_view line, ListedObject& object) {
    std::string all(line);
    while (braces_open_in(all) >= 0) {
      if (!next(line)) return wrong();
      all += ' ';
      all += line;
    }
    all.pop_back();
    object.entries = split_elements(all);
    return {};
  }

  std::string_view text_;
  std::int32_t number_ = 0;
};

/// The flow in a name that the compiler gave: `forward_oltp.limit1`, `over_oltp`.
std::string flow_in(std::string_view name) {
  const std::size_t last = name.rfind(' ');
  if (last != std::string_view::npos) name.remove_prefix(last + 1);
  for (const std::string_view prefix : {"rate4_", "rate6_", "open4_", "open6_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  for (const std::string_view prefix : {"forward_", "input_", "output_", "flow_", "over_"}) {
    if (!name.starts_with(prefix)) continue;
    return std::string(name.substr(prefix.size(), name.find('.') - prefix.size()));
  }
  return {};
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += "; ";
    all += text;
  }
  return all;
}

/// The header of a base chain without its policy, and the policy.
std::pair<std::string, std::string> parted_policy(const std::vector<std::string>& properties) {
  const std::string all = joined(properties);
  const std::size_t at = all.find(" policy ");
  if (at == std::string::npos) return {all, ""};
  const std::size_t end = std::min(all.find(';', at), all.size());
  return {all.substr(0, at) + all.substr(end), all.substr(at + 1, end - at - 1)};
}

/// What limits an element of a set that packets fill: the text from `limit rate` or `ct count` to
/// its end, without the days it lives and what somebody noted.
std::string_view limit_in(std::string_view text) {
  const std::size_t rate = text.find("limit rate ");
  const std::size_t count = text.find("ct count ");
  const std::size_t begin = std::min(rate, count);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  for (const std::string_view end : {" timeout ", " expires ", " comment "}) {
    text = text.substr(0, text.find(end));
  }
  return trimmed(text);
}

/// The limit with which the rules of a table fill a set; empty when none does.
std::string_view limit_of_set(const ListedTable& table, const std::string& set) {
  const std::string head = "@" + set + " {";
  for (const ListedObject& object : table.objects) {
    if (object.kind != "chain") continue;
    for (const std::string& rule : object.entries) {
      const std::size_t at = rule.find(head);
      if (at == std::string::npos) continue;
      const std::string_view inside = std::string_view(rule).substr(at + head.size());
      return limit_in(inside.substr(0, inside.find('}')));
    }
  }
  return {};
}

class Comparison {
 public:
  std::vector<Drift> run(const std::vector<ListedTable>& expected,
                         const std::vector<ListedTable>& live) {
    for (const ListedTable& wanted : expected) {
      const auto found = std::find_if(live.begin(), live.end(), [&](const ListedTable& table) {
        return table.name == wanted.name;
      });
      if (found == live.end()) {
        add(Drift::Kind::kTableMissing, "", "table " + wanted.name, wanted.name, "");
      } else {
        compare_tables(wanted, *found);
      }
    }
    for (const ListedTable& table : live) {
      const bool ours = std::any_of(expected.begin(), expected.end(),
                                    [&](const ListedTable& one) { return one.name == table.name; });
      if (!ours) look_for_base_chains(table);
    }
    return std::move(found_);
  }

 private:
  void add(Drift::Kind kind, std::string flow, std::string object, std::string expected,
           std::string live) {
    found_.push_back(
        {kind, std::move(flow), std::move(object), std::move(expected), std::move(live)});
  }

  static std::string title_of(const ListedObject& object) {
    return object.kind + " " + object.name;
  }

  void compare_tables(const ListedTable& wanted, const ListedTable& live) {
    if (wanted.properties != live.properties) {
      add(Drift::Kind::kTableChanged, "", "table " + live.name, joined(wanted.properties),
          joined(live.properties));
    }
    std::map<std::string, std::pair<const ListedObject*, const ListedObject*>> pairs;
    for (const ListedObject& object : wanted.objects) pairs[title_of(object)].first = &object;
    for (const ListedObject& object : live.objects) pairs[title_of(object)].second = &object;
    for (const auto& [title, pair] : pairs) {
      const auto& [should, is] = pair;
      const std::string flow = flow_in(title);
      if (is == nullptr) {
        add(Drift::Kind::kObjectMissing, flow, title, title, "");
        if (should->kind == "map") compare_elements(title, should->entries, {});
      } else if (should == nullptr) {
        add(Drift::Kind::kObjectAdded, flow, title, "", describe(*is));
        if (is->kind == "map") compare_elements(title, {}, is->entries);
      } else {
        compare_objects(title, *should, *is);
        if (is_filled_by_packets(*should)) {
          compare_limits(title, limit_of_set(wanted, should->name), is->entries);
        }
      }
    }
  }

  static std::string describe(const ListedObject& object) {
    std::vector<std::string> words = object.properties;
    words.insert(words.end(), object.entries.begin(), object.entries.end());
    return joined(words);
  }

  void compare_objects(const std::string& title, const ListedObject& should,
                       const ListedObject& is) {
    const auto [header, policy] = parted_policy(should.properties);
    const auto [live_header, live_policy] = parted_policy(is.properties);
    if (header != live_header) {
      add(Drift::Kind::kObjectChanged, flow_in(title), title, header, live_header);
    }
    if (policy != live_policy) {
      add(Drift::Kind::kPolicyChanged, flow_in(title), title, policy, live_policy);
    }
    if (should.kind == "chain") {
      compare_rules(title, should.entries, is.entries);
    } else if (!is_filled_by_packets(should)) {
      compare_elements(title, should.entries, is.entries);
    }
  }

  void compare_rules(const std::string& title, std::vector<std::string> should,
                     std::vector<std::string> is) {
    if (should == is) return;
    const std::string flow = flow_in(title);
    if (std::is_permutation(should.begin(), should.end(), is.begin(), is.end())) {
      add(Drift::Kind::kRulesReordered, flow, title, joined(should), joined(is));
      return;
    }
    take_common(should, is);
    std::size_t both = 0;  // what is left of each side in its order
    for (; both < std::min(should.size(), is.size()); ++both) {
      add(Drift::Kind::kRuleChanged, flow, title, should[both], is[both]);
    }
    for (std::size_t i = both; i < should.size(); ++i) {
      add(Drift::Kind::kRuleMissing, flow, title, should[i], "");
    }
    for (std::size_t i = both; i < is.size(); ++i) {
      add(Drift::Kind::kRuleAdded, flow, title, "", is[i]);
    }
  }

  static void take_common(std::vector<std::string>& a, std::vector<std::string>& b) {
    std::erase_if(a, [&](const std::string& one) {
      const auto found = std::find(b.begin(), b.end(), one);
      if (found == b.end()) return false;
      b.erase(found);
      return true;
    });
  }

  static std::map<std::string, std::string> by_key(const std::vector<std::string>& elements) {
    std::map<std::string, std::string> keys;
    for (const std::string& element : elements) {
      const std::size_t at = element.find(" : ");
      keys[element.substr(0, at)] = element;
    }
    return keys;
  }

  void compare_elements(const std::string& title, const std::vector<std::string>& should,
                        const std::vector<std::string>& is) {
    if (should == is) return;
    const auto flow = [&](const std::string& element) {
      const std::string own = flow_in(element);
      return own.empty() ? flow_in(title) : own;
    };
    const auto wanted = by_key(should);
    const auto live = by_key(is);
    for (const auto& [key, element] : wanted) {
      const auto found = live.find(key);
      if (found == live.end()) {
        add(Drift::Kind::kElementMissing, flow(element), title, element, "");
      } else if (found->second != element) {
        add(Drift::Kind::kElementChanged, flow(element), title, element, found->second);
      }
    }
    for (const auto& [key, element] : live) {
      if (!wanted.contains(key)) {
        add(Drift::Kind::kElementAdded, flow(element), title, "", element);
      }
    }
  }

  /// Who is in a set that packets fill does not matter, but each has the limit of the set's rule.
  void compare_limits(const std::string& title, std::string_view limit,
                      const std::vector<std::string>& elements) {
    for (const std::string& element : elements) {
      if (limit_in(element) == limit) continue;
      add(Drift::Kind::kElementChanged, flow_in(title), title, std::string(limit), element);
    }
  }

  void look_for_base_chains(const ListedTable& table) {
    for (const ListedObject& object : table.objects) {
      const std::string header = joined(object.properties);
      if (object.kind != "chain" || header.find(" hook ") == std::string::npos) continue;
      add(Drift::Kind::kForeignChain, "", "table " + table.name + " chain " + object.name, "",
          header);
    }
  }

  std::vector<Drift> found_;
};

}  // namespace

Result<std::vector<ListedTable>> parse_listing(std::string_view text) {
  return ListingReader(text).read();
}

std::string_view name_of(Drift::Kind kind) {
  constexpr std::array<std::string_view, 14> kNames = {
      "table_missing",   "table_changed", "object_missing",  "object_added", "object_changed",
      "policy_changed",  "rule_missing",  "rule_added",      "rule_changed", "rules_reordered",
      "element_missing", "element_added", "element_changed", "foreign_chain"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<Drift> compare(const std::vector<ListedTable>& expected,
                           const std::vector<ListedTable>& live) {
  return Comparison().run(expected, live);
}

std::vector<ListedTable> with_doors_shut(std::vector<ListedTable> tables) {
  for (ListedTable& table : tables) {
    for (ListedObject& object : table.objects) {
      if (object.kind == "map") object.entries.clear();
    }
  }
  return tables;
}

}  // namespace nakadachi::walls
