#include "apps/common/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::uint64_t kMostQuota = 1'000'000;

/// A TOML file whose readers remember the first thing that was wrong.
class ConfigFile {
 public:
  static Result<ConfigFile> open(const std::string& path) {
    NAKADACHI_TRY(const std::string text, read_file(path));
    try {
      return ConfigFile(path, toml::parse(text, path));
    } catch (const toml::parse_error& problem) {
      return Error{.code = ErrorCode::kConfigInvalid,
                   .position = static_cast<std::int32_t>(problem.source().begin.line),
                   .detail = fmt::format("{}: {}", path, problem.description())};
    }
  }

  std::string text(std::string_view key) {
    const auto value = at(key).value<std::string>();
    if (!value) wrong(key, "a text is missing");
    return value.value_or("");
  }

  std::string text_or(std::string_view key, std::string_view otherwise) {
    const auto node = at(key);
    if (!node) return std::string(otherwise);
    const auto value = node.value<std::string>();
    if (!value) wrong(key, "must be a text");
    return value.value_or("");
  }

  /// A path, made relative to the configuration file; empty stays empty.
  std::string path(std::string_view key, bool required = true) {
    std::string value = required ? text(key) : text_or(key, "");
    if (value.empty()) return value;
    return (std::filesystem::path(path_).parent_path() / value).string();
  }

  std::int64_t number_or(std::string_view key, std::int64_t otherwise) {
    const auto node = at(key);
    if (!node) return otherwise;
    const auto value = node.value<std::int64_t>();
    if (!value || *value < 0) wrong(key, "must be a whole number, 0 or more");
    return value.value_or(otherwise);
  }

  socket::CurvePublicKey curve_key(std::string_view key) { return one_curve_key(key, text(key)); }

  std::vector<socket::CurvePublicKey> curve_keys(std::string_view key) {
    std::vector<socket::CurvePublicKey> keys;
    const toml::array* const list = at(key).as_array();
    if (list == nullptr) wrong(key, "a list of keys is missing");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      keys.push_back(one_curve_key(key, list->get(i)->value_or(std::string())));
    }
    return keys;
  }

  PublicKey public_key(std::string_view key) {
    const auto bytes = from_hex(text(key));
    const auto made = bytes ? PublicKey::from(*bytes) : std::nullopt;
    if (!made) wrong(key, "must be 64 hexadecimal digits");
    return made.value_or(PublicKey());
  }

  /// The quota in the table `key`; what it does not say is as in `otherwise`.
  tenant_vm::Quota quota(const std::string& key, const tenant_vm::Quota& otherwise) {
    const auto most = [&](std::string_view name, std::uint64_t value, std::uint64_t least) {
      const std::string full = key + "." + std::string(name);
      const auto number =
          static_cast<std::uint64_t>(number_or(full, static_cast<std::int64_t>(value)));
      if (number < least || number > kMostQuota) {
        wrong(full, fmt::format("must be {} to {}", least, kMostQuota));
      }
      return number;
    };
    tenant_vm::Quota quota;
    quota.weight = static_cast<std::uint32_t>(most("weight", otherwise.weight, 1));
    quota.rate_per_s = static_cast<std::uint32_t>(most("rate_per_s", otherwise.rate_per_s, 0));
    quota.burst = static_cast<std::uint32_t>(most("burst", otherwise.burst, 1));
    quota.max_queued = most("max_queued", otherwise.max_queued, 1);
    quota.max_in_flight = most("max_in_flight", otherwise.max_in_flight, 1);
    quota.hours = {.opens_at_min = time_of_day(key + ".opens_at", otherwise.hours.opens_at_min),
                   .closes_at_min = time_of_day(key + ".closes_at", otherwise.hours.closes_at_min)};
    return quota;
  }

  std::map<TenantId, tenant_vm::Quota> own_quotas(const tenant_vm::Quota& otherwise) {
    std::map<TenantId, tenant_vm::Quota> quotas;
    const toml::array* const towns = at("town").as_array();
    for (std::size_t i = 0; towns != nullptr && i < towns->size(); ++i) {
      const std::string key = fmt::format("town[{}]", i);
      const auto code = MunicipalityCode::parse(text(key + ".code"));
      if (!code) {
        wrong(key + ".code", "must be a municipality code of six digits");
      } else if (!quotas.emplace(TenantId{code->number()}, quota(key, otherwise)).second) {
        wrong(key + ".code", "stands twice");
      }
    }
    return quotas;
  }

  LawConfig law() {
    LawConfig law;
    const toml::array* const tables = at("law.table").as_array();
    for (std::size_t i = 0; tables != nullptr && i < tables->size(); ++i) {
      const std::string key = fmt::format("law.table[{}]", i);
      LawTableConfig& table = law.tables.emplace_back();
      table.file = path(key + ".file");
      table.in_force.from = day(key + ".from");
      if (at(key + ".until")) table.in_force.until = day(key + ".until");
    }
    law.conditions_file = path("law.conditions", false);
    law.ordinances_file = path("law.ordinances", false);
    return law;
  }

  crypto::TrustRoots trust_roots() {
    crypto::TrustRoots roots{.core_key = public_key("trust.core_key"),
                             .registry_key = public_key("trust.registry_key")};
    const auto simulated = at("trust.simulated").value<bool>();
    if (!simulated) wrong("trust.simulated", "must be true or false");
    roots.simulated = simulated.value_or(true);
    return roots;
  }

  /// What was wrong first, be it a key that nobody asked for.
  Result<void> checked() {
    refuse_unknown_keys(table_, "");
    if (problem_) return *problem_;
    return {};
  }

 private:
  ConfigFile(std::string path, toml::table table)
      : path_(std::move(path)), table_(std::move(table)) {}

  toml::node_view<const toml::node> at(std::string_view key) {
    known_.emplace(key);
    return std::as_const(table_).at_path(key);
  }

  void refuse_unknown_keys(const toml::node& node, const std::string& path) {
    if (known_.contains(path) && !node.is_array_of_tables()) return;
    if (const toml::table* const table = node.as_table()) {
      for (const auto& [key, value] : *table) {
        const std::string name(key.str());
        refuse_unknown_keys(value, path.empty() ? name : fmt::format("{}.{}", path, name));
      }
    } else if (const toml::array* const list = node.as_array(); list && known_.contains(path)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        refuse_unknown_keys(*list->get(i), fmt::format("{}[{}]", path, i));
      }
    } else {
      wrong(path, "is not a key of this file");
    }
  }

  /// Minutes of the day from a text as 07:00, up to 24:00.
  std::uint16_t time_of_day(const std::string& key, std::uint16_t otherwise) {
    const auto node = at(key);
    if (!node) return otherwise;
    const std::string text = node.value_or(std::string());
    unsigned hour = 0;
    unsigned minute = 0;
    const bool well_formed = text.size() == 5 && text[2] == ':' && read_two_digits(text, 0, hour) &&
                             read_two_digits(text, 3, minute);
    if (!well_formed || minute > 59 || hour * 60 + minute > 24 * 60) {
      wrong(key, "must be a time as \"07:00\", at most \"24:00\"");
    }
    return static_cast<std::uint16_t>(hour * 60 + minute);
  }

  std::optional<Day> day(const std::string& key) {
    const auto day = Day::parse(text(key));
    if (!day) wrong(key, "must be a day as \"2026-06-14\"");
    return day;
  }

  static bool read_two_digits(const std::string& text, std::size_t at, unsigned& number) {
    const char* const begin = text.data() + at;
    return std::from_chars(begin, begin + 2, number).ptr == begin + 2;
  }

  socket::CurvePublicKey one_curve_key(std::string_view key, const std::string& text) {
    const auto made = socket::curve_key_from_z85(text);
    if (!made) wrong(key, "must be a CURVE public key of 40 characters");
    return made ? *made : socket::CurvePublicKey();
  }

  void wrong(std::string_view key, std::string_view how) {
    if (problem_) return;
    problem_ = Error{.code = ErrorCode::kConfigInvalid,
                     .detail = fmt::format("{}: {}: {}", path_, key, how)};
  }

  std::string path_;
  toml::table table_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> problem_;
};

}  // namespace

Result<NodeConfig> load_node_config(const std::string& path) {
  NAKADACHI_TRY(ConfigFile file, ConfigFile::open(path));
  NodeConfig config;
  config.name = file.text("node.name");
  config.profile = file.text_or("node.profile", "production");
  config.train_login = file.text("database.train");
  config.node_login = file.text("database.node");
  config.root_key_file = file.path("keys.root_key_file", false);
  config.passphrase_file = file.path("keys.passphrase_file", false);
  config.credential_file = file.path("keys.credential_file", false);
  config.roots = file.trust_roots();
  config.registry_file = file.path("trust.registry");
  config.oltp_endpoint = file.text("oltp.endpoint");
  config.oltp_key_file = file.path("oltp.key_file");
  config.systems_file = file.path("oltp.systems");
  config.gateway_endpoint = file.text("gateway.endpoint");
  config.gateway_key = file.curve_key("gateway.public_key");
  config.link_key_file = file.path("gateway.key_file");
  config.admin_endpoint = file.text_or("admin.endpoint", "");
  config.staff_file = file.path("admin.staff", !config.admin_endpoint.empty());
  config.law = file.law();
  config.validity_ms = file.number_or("exchange.validity_s", config.validity_ms / 1000) * 1000;
  config.quota = file.quota("quota", {});
  config.own_quotas = file.own_quotas(config.quota);
  NAKADACHI_CHECK(file.checked());
  const bool by_passphrase = !config.root_key_file.empty() && !config.passphrase_file.empty();
  if (by_passphrase == !config.credential_file.empty()) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .detail = path +
                           ": keys: give root_key_file and passphrase_file, or "
                           "credential_file"};
  }
  return config;
}

Result<GatewayConfig> load_gateway_config(const std::string& path) {
  NAKADACHI_TRY(ConfigFile file, ConfigFile::open(path));
  GatewayConfig config;
  config.nodes_endpoint = file.text("nodes.endpoint");
  config.key_file = file.path("nodes.key_file");
  config.node_keys = file.curve_keys("nodes.keys");
  config.national_endpoint = file.text("national.endpoint");
  config.national_key = file.curve_key("national.public_key");
  config.national_key_file = file.path("national.key_file");
  NAKADACHI_CHECK(file.checked());
  return config;
}

Result<NationalConfig> load_national_config(const std::string& path) {
  NAKADACHI_TRY(ConfigFile file, ConfigFile::open(path));
  NationalConfig config;
  config.endpoint = file.text("national.endpoint");
  config.key_file = file.path("national.key_file");
  config.gateway_keys = file.curve_keys("national.gateway_keys");
  config.latency_ms = file.number_or("national.latency_ms", 0);
  config.resident_endpoint = file.text_or("resident.endpoint", "");
  if (!config.resident_endpoint.empty()) config.resident_keys = file.curve_keys("resident.keys");
  config.violations_file = file.path("national.violations", false);
  config.law = file.law();
  NAKADACHI_CHECK(file.checked());
  return config;
}

std::string write_trust_roots(const crypto::TrustRoots& roots) {
  return fmt::format("[trust]\ncore_key = \"{}\"\nregistry_key = \"{}\"\nsimulated = {}\n",
                     to_hex(roots.core_key.view()), to_hex(roots.registry_key.view()),
                     roots.simulated);
}

Result<crypto::TrustRoots> load_trust_roots(const std::string& path) {
  NAKADACHI_TRY(ConfigFile file, ConfigFile::open(path));
  const crypto::TrustRoots roots = file.trust_roots();
  NAKADACHI_CHECK(file.checked());
  return roots;
}

}  // namespace nakadachi::apps
