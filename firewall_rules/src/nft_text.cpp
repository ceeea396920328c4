// Rule sets in the language of nft(8).

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "line_writer.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "places.hpp"

namespace nakadachi::walls {
namespace {

std::string_view name_of(Hook hook) {
  constexpr std::array<std::string_view, 3> kNames = {"forward", "input", "output"};
  return kNames.at(static_cast<std::size_t>(hook));
}

char digit_of(Family family) { return family == Family::kIpv4 ? '4' : '6'; }
std::string_view header_of(Family family) { return family == Family::kIpv4 ? "ip" : "ip6"; }

std::string ports_text(const PortRange& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first)
                                   : fmt::format("{}-{}", ports.first, ports.last);
}

/// The first second after a flow's last day in Japan, as time is counted in kernels.
std::int64_t end_of(const std::chrono::year_month_day& last) {
  using std::chrono::days;
  const std::chrono::sys_seconds midnight = std::chrono::sys_days(last) + days(1);
  return (midnight - std::chrono::hours(9)).time_since_epoch().count();
}

/// Neighbour discovery, router discovery, multicast listeners and routers, and
/// secure discovery: RFC 4890 4.4.1, with the hop limits it asks for.
constexpr std::string_view kNeighbours =
    "\tchain neighbours {\n"
    "\t\ticmpv6 type { 133, 134, 135, 136, 141, 142, 148, 149 } ip6 hoplimit 255 accept\n"
    "\t\ticmpv6 type { 130, 131, 132, 143, 151, 152, 153 } ip6 hoplimit 1 accept\n"
    "\t}\n\n";

class Writer : private LineWriter {
 public:
  Writer(const World& world, const RuleSet& rules) : world_(world), rules_(rules) {}

  std::string write() {
    head();
    counters();
    limit_sets();
    bindings();
    for (const Hook hook : kHooks) maps(hook);
    text_ += kNeighbours;
    drop_chains();
    for (std::size_t chain = 0; chain < rules_.chains.size(); ++chain) flow_chain(chain);
    if (rules_.is_wall) wall_chains();
    for (const Hook hook : kHooks) {
      if (hook == Hook::kForward && !rules_.is_wall) continue;
      answers_chain(answered_at(hook));
      callers_chain(hook);
      base_chain(hook);
    }
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  const Flow& flow_of(const FlowChain& chain) const {
    return world_.model().flows[index(chain.flow)];
  }
  std::string chain_name(std::size_t place) const {
    const FlowChain& chain = rules_.chains[place];
    std::string name = fmt::format("{}_{}", name_of(chain.hook), flow_of(chain).id);
    if (chain.limit_class > 0) name += fmt::format(".limit{}", chain.limit_class);
    if (chain.limit_class == kNobody && chain.hook != Hook::kOutput) name += ".translated";
    return name;
  }
  LogLevel level_of(const Flow& flow) const { return flow.log.value_or(world_.model().log); }

  void head() {
    const Model& model = world_.model();
    line("#!/usr/sbin/nft -f");
    line("# Rules of {} {}, made from the model {} by `nakadachi firewall compile`.",
         rules_.is_wall ? "wall" : "role", rules_.name, model.name);
    line("# Change the model and compile again; what is edited here is lost.");
    for (const int flow : rules_.expired) {
      const Flow& over = model.flows[index(flow)];
      line("# Left out, its date is over: {} ({})", over.id, text_of(*over.valid_until));
    }
    line("");
    line("table inet nakadachi_walls");
    line("delete table inet nakadachi_walls");
    line("table inet nakadachi_walls {{");
  }

  void counters() {
    std::vector<std::string> names = {"denied", "forged", "invalid", "icmp_error"};
    for (const FlowChain& chain : rules_.chains) {
      names.push_back("flow_" + flow_of(chain).id);
      if (chain.limit != Limit{}) names.push_back("over_" + flow_of(chain).id);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& name : names) line("\tcounter {} {{ }}", name);
    line("");
  }

  void limit_sets() {
    for (std::size_t place = 0; place < rules_.chains.size(); ++place) {
      const Limit& limit = rules_.chains[place].limit;
      for (const Family family : kFamilies) {
        if (limit.new_per_second > 0) {
          line(
              "\tset rate{}_{} {{ type {}_addr; size 65536; flags dynamic, timeout; timeout 10m; "
              "}}",
              digit_of(family), chain_name(place), family == Family::kIpv4 ? "ipv4" : "ipv6");
        }
        if (limit.connections > 0) {
          line("\tset open{}_{} {{ type {}_addr; size 65536; flags dynamic; }}", digit_of(family),
               chain_name(place), family == Family::kIpv4 ? "ipv4" : "ipv6");
        }
      }
    }
  }

  /// `head elements }` over several lines, or nothing when there are none.
  void set_of(const std::string& head, const std::vector<std::string>& elements) {
    if (elements.empty()) return;
    line("\t{} elements = {{\n\t\t{} }} }}", head, fmt::join(elements, ",\n\t\t"));
  }

  void bindings() {
    for (const Family family : kFamilies) {
      std::vector<std::string> bound;
      std::vector<std::string> pairs;
      for (const Binding& binding : rules_.bindings) {
        if (binding.address.family() != family) continue;
        bound.push_back(binding.address.text());
        pairs.push_back(binding.address.text() + " . " + binding.mac.text());
      }
      const std::string type = fmt::format("ipv{}_addr", digit_of(family));
      set_of(fmt::format("set bound{} {{ type {};", digit_of(family), type), bound);
      set_of(fmt::format("set mac{} {{ type {} . ether_addr;", digit_of(family), type), pairs);
    }
  }

  enum class Sort { kExact, kRanges, kEcho };
  static Sort sort_of(const RuleElement& element) {
    if (element.ports.protocol == Protocol::kEcho) return Sort::kEcho;
    const bool single = element.from.first == element.from.last &&
                        element.to.first == element.to.last &&
                        element.ports.first == element.ports.last;
    return single ? Sort::kExact : Sort::kRanges;
  }
  static std::string map_name(Sort sort, Family family, Hook hook) {
    constexpr std::array<std::string_view, 3> kNames = {"exact", "ranges", "echo"};
    return fmt::format("{}{}_{}", kNames.at(static_cast<std::size_t>(sort)), digit_of(family),
                       name_of(hook));
  }
  static std::string key_of(const RuleElement& element) {
    std::string ends = text_of(element.from) + " . " + text_of(element.to);
    if (element.ports.protocol == Protocol::kEcho) return ends;
    return fmt::format("{} . {} . {}", ends, walls::name_of(element.ports.protocol),
                       ports_text(element.ports));
  }

  std::map<std::pair<Sort, Family>, std::vector<std::string>> keys(Hook hook) const {
    std::map<std::pair<Sort, Family>, std::vector<std::string>> all;
    for (const RuleElement& element : rules_.elements[static_cast<std::size_t>(hook)]) {
      all[{sort_of(element), element.family()}].push_back(fmt::format(
          "{} : goto {}", key_of(element), chain_name(static_cast<std::size_t>(element.chain))));
    }
    return all;
  }

  void maps(Hook hook) {
    for (const auto& [key, elements] : keys(hook)) {
      const auto [sort, family] = key;
      std::string type = fmt::format("ipv{0}_addr . ipv{0}_addr", digit_of(family));
      if (sort != Sort::kEcho) type += " . inet_proto . inet_service";
      set_of(fmt::format("map {} {{ type {} : verdict;{}", map_name(sort, family, hook), type,
                         sort == Sort::kExact ? "" : " flags interval;"),
             elements);
    }
    line("");
  }

  /// `what` stands in the line that is logged: a flow's id, or why it was dropped.
  void log(LogLevel level, LogLevel least, std::string_view what) {
    if (level < least) return;
    line("\t\tlimit rate 5/second burst 20 packets log prefix \"nakadachi {} {}: \"", rules_.name,
         what);
  }

  void drop_chain(const std::string& name, std::string_view what, LogLevel level,
                  const std::string& counter) {
    line("\tchain {} {{", name);
    log(level, LogLevel::kDenied, what);
    line("\t\tcounter name {} drop\n\t}}\n", counter);
  }

  void drop_chains() {
    const LogLevel usual = world_.model().log;
    drop_chain("deny", "denied", usual, "denied");
    drop_chain("drop_forged", "forged", usual, "forged");
    drop_chain("drop_invalid", "invalid", usual, "invalid");
    std::set<int> limited;
    for (const FlowChain& chain : rules_.chains) {
      if (chain.limit != Limit{}) limited.insert(chain.flow);
    }
    for (const int place : limited) {
      const Flow& flow = world_.model().flows[index(place)];
      drop_chain("over_" + flow.id, flow.id + " over", level_of(flow), "over_" + flow.id);
    }
  }

  void limits(std::size_t place) {
    const FlowChain& chain = rules_.chains[place];
    const std::string name = chain_name(place);
    const std::string& id = flow_of(chain).id;
    for (const Family family : kFamilies) {
      const bool is_v4 = family == Family::kIpv4;
      const unsigned bits = is_v4 ? chain.ipv4_bits : chain.ipv6_bits;
      std::string source = fmt::format("{} saddr", header_of(family));
      if (bits < (is_v4 ? 32U : 128U)) {
        source += " and " + mask_of(family, bits).text();
      }
      if (chain.limit.new_per_second > 0) {
        line(
            "\t\tupdate @rate{}_{} {{ {} limit rate over {}/second burst {} packets }} "
            "goto over_{}",
            digit_of(family), name, source, chain.limit.new_per_second,
            2 * chain.limit.new_per_second, id);
      }
      if (chain.limit.connections > 0) {
        line("\t\tadd @open{}_{} {{ {} ct count over {} }} goto over_{}", digit_of(family), name,
             source, chain.limit.connections, id);
      }
    }
  }

  void flow_chain(std::size_t place) {
    const FlowChain& chain = rules_.chains[place];
    const Flow& flow = flow_of(chain);
    line("\t# {}: {} -> {}", flow.id, fmt::join(flow.from, ", "), fmt::join(flow.to, ", "));
    std::string about = flow.why.ja;
    if (!flow.why.en.empty()) about += (about.empty() ? "" : " / ") + flow.why.en;
    if (!flow.owner.empty()) about += fmt::format(" ({})", flow.owner);
    if (flow.valid_until) about += fmt::format(" until {}", text_of(*flow.valid_until));
    if (!about.empty()) line("\t# {}", about);
    line("\tchain {} {{", chain_name(place));
    if (flow.valid_until) line("\t\tmeta time >= {} goto deny", end_of(*flow.valid_until));
    line("\t\tct state established accept");
    limits(place);
    log(level_of(flow), LogLevel::kAll, flow.id);
    line("\t\tcounter name flow_{} accept comment \"{}\"\n\t}}\n", flow.id, flow.id);
  }

  void wall_chains() {
    line("\t# A source that would not be answered the way it came from is forged.");
    line("\tchain from_where {{");
    line("\t\ttype filter hook prerouting priority raw; policy accept;");
    line("\t\tip6 saddr :: accept");
    line("\t\tfib saddr . iif oif missing goto drop_forged\n\t}}\n");
    if (rules_.nats.empty()) return;
    line("\tchain destinations {{\n\t\ttype nat hook prerouting priority dstnat; policy accept;");
    for (const int place : rules_.nats) destination_rule(world_.model().nats[index(place)]);
    line(
        "\t}}\n\n\tchain sources {{\n\t\ttype nat hook postrouting priority srcnat; policy "
        "accept;");
    for (const int place : rules_.nats) source_rule(world_.model().nats[index(place)]);
    line("\t}}\n");
  }

  void destination_rule(const Nat& nat) {
    if (nat.kind != Nat::Kind::kDestination) return;
    const PortRange shown = port_ranges(nat.shown_service).front();
    const PortRange hidden = port_ranges(nat.hidden_service).front();
    const bool is_v4 = nat.shown.family() == Family::kIpv4;
    line("\t\t{0} daddr {1} {2} dport {3} dnat {0} to {4}:{5} comment \"{6}\"",
         header_of(nat.shown.family()), nat.shown.text(), walls::name_of(shown.protocol),
         shown.first, is_v4 ? nat.hidden.text() : fmt::format("[{}]", nat.hidden.text()),
         hidden.first, nat.id);
  }

  void source_rule(const Nat& nat) {
    if (nat.kind != Nat::Kind::kSource) return;
    const Family family = nat.shown.family();
    std::vector<std::string> targets;
    const AddressSet towards =
        world_.segment_addresses(world_.find_segment(nat.towards)) & all_addresses(family);
    for (const auto& piece : towards.intervals()) targets.push_back(text_of(piece));
    if (targets.empty()) return;
    line("\t\t{0} saddr {1} {0} daddr {{ {2} }} snat {0} to {3} comment \"{4}\"", header_of(family),
         text_of(*nat.hidden_range), fmt::join(targets, ", "), nat.shown.text(), nat.id);
  }

  /// Looks a packet up in every map of the hook, as the caller's or, turned round, as an answer.
  void look_ups(Hook hook, bool is_answer) {
    for (const auto& [key, elements] : keys(hook)) {
      const auto [sort, family] = key;
      const std::string echo =
          fmt::format("icmp{} type echo-{} ", family == Family::kIpv4 ? "" : "v6",
                      is_answer ? "reply" : "request");
      line("\t\t{0}{1} {2} . {1} {3}{4} vmap @{5}", sort == Sort::kEcho ? echo : "",
           header_of(family), is_answer ? "daddr" : "saddr", is_answer ? "saddr" : "daddr",
           sort == Sort::kEcho ? ""
           : is_answer         ? " . meta l4proto . th sport"
                               : " . meta l4proto . th dport",
           map_name(sort, family, hook));
    }
  }

  /// What a host's rules let in goes out as an answer, and the other way round.
  static Hook answered_at(Hook hook) {
    return hook == Hook::kInput ? Hook::kOutput : hook == Hook::kOutput ? Hook::kInput : hook;
  }

  /// Answers at the other hook to what was let through at this one.
  void answers_chain(Hook hook) {
    line("\tchain answers_{} {{", name_of(hook));
    look_ups(hook, true);
    line("\t\tgoto deny\n\t}}\n");
  }

  void callers_chain(Hook hook) {
    line("\tchain callers_{} {{", name_of(hook));
    line("\t\tct state != {{ new, established }} goto deny");
    look_ups(hook, false);
    line("\t\tct state established goto deny");
    // Not before: what the caller of an allowed connection sends next takes the connection up again
    // where conntrack does not know it, because no rules were loaded when it was opened or because
    // the wall was started anew.
    line("\t\ttcp flags & (fin | syn | rst | ack) != syn goto drop_invalid");
    line("\t\tgoto deny\n\t}}\n");
  }

  void base_chain(Hook hook) {
    line("\tchain {0} {{\n\t\ttype filter hook {0} priority filter; policy drop;", name_of(hook));
    if (hook == Hook::kInput) line("\t\tiif lo accept");
    if (hook == Hook::kOutput) line("\t\toif lo accept");
    if (hook != Hook::kOutput) {
      for (const Family family : kFamilies) {
        const bool any =
            std::any_of(rules_.bindings.begin(), rules_.bindings.end(),
                        [&](const Binding& binding) { return binding.address.family() == family; });
        if (!any) continue;
        line("\t\t{0} saddr @bound{1} {0} saddr . ether saddr != @mac{1} goto drop_forged",
             header_of(family), digit_of(family));
      }
    }
    // Errors by name: a redirect of a known connection would be `related` too.
    line(
        "\t\tct state related icmp type {{ destination-unreachable, time-exceeded, "
        "parameter-problem }} counter name icmp_error accept");
    line(
        "\t\tct state related icmpv6 type {{ destination-unreachable, packet-too-big, "
        "time-exceeded, parameter-problem }} counter name icmp_error accept");
    if (hook != Hook::kForward) line("\t\tjump neighbours");
    line("\t\tct state invalid goto drop_invalid");
    // Known connections too are looked up each time, so that none outlives the flow that allowed
    // it.
    line("\t\tct state established ct direction reply goto answers_{}", name_of(answered_at(hook)));
    line("\t\tgoto callers_{}\n\t}}\n", name_of(hook));
  }

  const World& world_;
  const RuleSet& rules_;
};

}  // namespace

std::string to_nft(const World& world, const RuleSet& rules) {
  return Writer(world, rules).write();
}

}  // namespace nakadachi::walls
