#include "apps/common/config.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "apps/common/text_table.hpp"
#include "apps/common/toml_reader.hpp"
#include "nakadachi/base/limits.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::uint32_t kMostQuota = 1'000'000;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::uint32_t kMostAcquisitionDays = 366;

/// Paths in a file are relative to it; an empty one stays empty.
class Paths {
 public:
  explicit Paths(const std::string& file) : folder_(std::filesystem::path(file).parent_path()) {}

  std::string needed(TomlReader& reader, std::string_view key) const {
    return full(reader.text(key));
  }
  std::string optional(TomlReader& reader, std::string_view key) const {
    return full(reader.text_or(key));
  }

 private:
  std::string full(const std::string& path) const {
    return path.empty() ? path : (folder_ / path).string();
  }

  std::filesystem::path folder_;
};

socket::CurvePublicKey made_key(TomlReader& reader, std::string_view key, const std::string& text) {
  const auto made = socket::curve_key_from_z85(text);
  if (!made) reader.wrong(key, "must be a CURVE public key of 40 characters");
  return made ? *made : socket::CurvePublicKey();
}

socket::CurvePublicKey curve_key(TomlReader& reader, std::string_view key) {
  return made_key(reader, key, reader.text(key));
}

std::vector<socket::CurvePublicKey> curve_keys(TomlReader& reader, std::string_view key) {
  std::vector<socket::CurvePublicKey> keys;
  const std::vector<std::string> texts = reader.texts(key);
  if (!reader.has(key)) reader.wrong(key, "a list of keys is missing");
  keys.reserve(texts.size());
  for (const std::string& text : texts) keys.push_back(made_key(reader, key, text));
  return keys;
}

PublicKey public_key(TomlReader& reader, std::string_view key) {
  const auto bytes = from_hex(reader.text(key));
  const auto made = bytes ? PublicKey::from(*bytes) : std::nullopt;
  if (!made) reader.wrong(key, "must be 64 hexadecimal digits");
  return made.value_or(PublicKey());
}

bool read_two_digits(const std::string& text, std::size_t at, unsigned& number) {
  const auto read = parse_decimal<unsigned>(std::string_view(text).substr(at, 2));
  number = read.value_or(0);
  return read.has_value();
}

/// Minutes of the day from a text as 07:00, up to 24:00.
std::uint16_t time_of_day(TomlReader& reader, std::string_view key, std::uint16_t otherwise) {
  if (!reader.has(key)) return otherwise;
  const std::string text = reader.text(key);
  unsigned hour = 0;
  unsigned minute = 0;
  const bool well_formed = text.size() == 5 && text[2] == ':' && read_two_digits(text, 0, hour) &&
                           read_two_digits(text, 3, minute);
  if (!well_formed || minute > 59 || hour * 60 + minute > 24 * 60) {
    reader.wrong(key, "must be a time as \"07:00\", at most \"24:00\"");
  }
  return static_cast<std::uint16_t>(hour * 60 + minute);
}

/// The quota in a table; what it does not say is as in `otherwise`.
tenant_vm::Quota quota(TomlReader& reader, const tenant_vm::Quota& otherwise) {
  const auto most = [&](std::string_view key, std::uint64_t value, std::uint32_t least) {
    const std::uint32_t number =
        reader.number_or(key, static_cast<std::uint32_t>(value), kMostQuota);
    if (number < least) reader.wrong(key, fmt::format("must be {} to {}", least, kMostQuota));
    return number;
  };
  tenant_vm::Quota quota;
  quota.weight = most("weight", otherwise.weight, 1);
  quota.rate_per_s = most("rate_per_s", otherwise.rate_per_s, 0);
  quota.burst = most("burst", otherwise.burst, 1);
  quota.max_queued = most("max_queued", otherwise.max_queued, 1);
  quota.max_in_flight = most("max_in_flight", otherwise.max_in_flight, 1);
  quota.hours = {.opens_at_min = time_of_day(reader, "opens_at", otherwise.hours.opens_at_min),
                 .closes_at_min = time_of_day(reader, "closes_at", otherwise.hours.closes_at_min)};
  return quota;
}

std::map<TenantId, tenant_vm::Quota> own_quotas(TomlReader& file,
                                                const tenant_vm::Quota& otherwise) {
  std::map<TenantId, tenant_vm::Quota> quotas;
  for (TomlReader& town : file.tables("town")) {
    const auto code = MunicipalityCode::parse(town.text("code"));
    if (!code) {
      town.wrong("code", "must be a municipality code of six digits");
    } else if (!quotas.emplace(TenantId{code->number()}, quota(town, otherwise)).second) {
      town.wrong("code", "stands twice");
    }
    town.finish();
  }
  return quotas;
}

std::optional<Day> day(TomlReader& reader, std::string_view key) {
  const auto day = Day::parse(reader.text(key));
  if (!day) reader.wrong(key, "must be a day as \"2026-06-14\"");
  return day;
}

LawConfig law(TomlReader& file, const Paths& paths) {
  LawConfig law;
  TomlReader reader = file.table("law");
  for (TomlReader& one : reader.tables("table")) {
    LawTableConfig& table = law.tables.emplace_back();
    table.file = paths.needed(one, "file");
    table.in_force.from = day(one, "from");
    if (one.has("until")) table.in_force.until = day(one, "until");
    table.conditions_file = paths.optional(one, "conditions");
    one.finish();
  }
  law.conditions_file = paths.optional(reader, "conditions");
  if (!law.tables.empty() && !law.conditions_file.empty()) {
    reader.wrong("conditions", "must stand in the [[law.table]] whose procedures it is about");
  }
  law.ordinances_file = paths.optional(reader, "ordinances");
  reader.finish();
  return law;
}

TrustConfig trust(TomlReader& table) {
  TrustConfig trust;
  trust.roots.core_key = public_key(table, "core_key");
  trust.roots.registry_key = public_key(table, "registry_key");
  if (!table.has("simulated")) table.wrong("simulated", "must be true or false");
  trust.roots.simulated = table.flag_or("simulated", true);
  trust.least_serial = table.large_or("least_serial", 0);
  return trust;
}

/// Calls `read(table)` for the table `key`, all of which it must understand.
template <class Read>
void section(TomlReader& file, std::string_view key, Read read) {
  TomlReader table = file.table(key);
  read(table);
  table.finish();
}

WallsConfig walls(TomlReader& file, const Paths& paths) {
  WallsConfig walls;
  const bool wanted = file.has("walls");
  section(file, "walls", [&](TomlReader& table) {
    if (!wanted) return;
    const bool built_in = table.text("model").starts_with("preset:");
    walls.model = built_in ? table.text("model") : paths.needed(table, "model");
    walls.host = table.text("host");
  });
  return walls;
}

void read_acquisition(TomlReader& table, NodeConfig& config) {
  constexpr std::uint32_t kUsualDigits = 16;
  const std::string prefix = table.text_or("prefix");
  const std::uint32_t digits = table.number_or("digits", kUsualDigits);
  if (digits < AcquisitionNumber::kMinDigits || digits > AcquisitionNumber::kMaxDigits) {
    table.wrong("digits", fmt::format("must be {} to {}", AcquisitionNumber::kMinDigits,
                                      AcquisitionNumber::kMaxDigits));
  } else if (const auto pool = symbols::AcquisitionPool::make(prefix, digits); pool) {
    config.acquisition_pool = *pool;
  } else {
    table.wrong("prefix", "must be fewer digits than the numbers have, the first of them not 0");
  }
  const auto usual = static_cast<std::uint32_t>(config.acquisition_ms / kDayMs);
  const std::uint32_t days = table.number_or("period_days", usual, kMostAcquisitionDays);
  if (days == 0) table.wrong("period_days", fmt::format("must be 1 to {}", kMostAcquisitionDays));
  config.acquisition_ms = days * kDayMs;
}

void read_keys(TomlReader& keys, const Paths& paths, NodeConfig& config) {
  config.root_key_file = paths.optional(keys, "root_key_file");
  config.passphrase_file = paths.optional(keys, "passphrase_file");
  config.credential_file = paths.optional(keys, "credential_file");
}

void read_doors(TomlReader& file, const Paths& paths, NodeConfig& config) {
  section(file, "oltp", [&](TomlReader& oltp) {
    config.oltp_endpoint = oltp.text("endpoint");
    config.oltp_key_file = paths.needed(oltp, "key_file");
    config.systems_file = paths.needed(oltp, "systems");
  });
  section(file, "gateway", [&](TomlReader& gateway) {
    config.gateway_endpoint = gateway.text("endpoint");
    config.gateway_key = curve_key(gateway, "public_key");
    config.link_key_file = paths.needed(gateway, "key_file");
  });
  section(file, "admin", [&](TomlReader& admin) {
    config.admin_endpoint = admin.text_or("endpoint");
    config.staff_file = config.admin_endpoint.empty() ? paths.optional(admin, "staff")
                                                      : paths.needed(admin, "staff");
  });
}

void read_node(TomlReader& file, const Paths& paths, NodeConfig& config) {
  section(file, "node", [&](TomlReader& node) {
    config.name = node.text("name");
    config.profile = node.text_or("profile", "production");
  });
  section(file, "database", [&](TomlReader& database) {
    config.train_login = database.text("train");
    config.node_login = database.text("node");
  });
  section(file, "keys", [&](TomlReader& keys) { read_keys(keys, paths, config); });
  section(file, "trust", [&](TomlReader& table) {
    config.trust = trust(table);
    config.registry_file = paths.needed(table, "registry");
  });
  read_doors(file, paths, config);
  config.law = law(file, paths);
  section(file, "copies",
          [&](TomlReader& copies) { config.layouts_file = paths.optional(copies, "layouts"); });
  config.walls = walls(file, paths);
  section(file, "exchange", [&](TomlReader& exchange) {
    const auto usual = static_cast<std::uint32_t>(config.validity_ms / 1000);
    constexpr std::uint32_t kMost = limits::kMaxValidityMs / 1000;
    config.validity_ms = std::int64_t{exchange.number_or("validity_s", usual, kMost)} * 1000;
  });
  section(file, "acquisition", [&](TomlReader& table) { read_acquisition(table, config); });
  section(file, "quota", [&](TomlReader& own) { config.quota = quota(own, {}); });
  config.own_quotas = own_quotas(file, config.quota);
}

void read_national(TomlReader& file, const Paths& paths, NationalConfig& config) {
  section(file, "national", [&](TomlReader& national) {
    config.endpoint = national.text("endpoint");
    config.key_file = paths.needed(national, "key_file");
    config.gateway_keys = curve_keys(national, "gateway_keys");
    config.latency_ms = national.number_or("latency_ms", 0);
    config.violations_file = paths.optional(national, "violations");
  });
  section(file, "resident", [&](TomlReader& resident) {
    config.resident_endpoint = resident.text_or("endpoint");
    if (!config.resident_endpoint.empty()) config.resident_keys = curve_keys(resident, "keys");
  });
  config.law = law(file, paths);
}

}  // namespace

Result<NodeConfig> load_node_config(const std::string& path) {
  NAKADACHI_TRY(const std::string text, read_file(path));
  NodeConfig config;
  NAKADACHI_CHECK(
      read_toml(text, path, [&](TomlReader& file) { read_node(file, Paths(path), config); }));
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
  NAKADACHI_TRY(const std::string text, read_file(path));
  const Paths paths(path);
  GatewayConfig config;
  const auto read = [&](TomlReader& file) {
    section(file, "nodes", [&](TomlReader& nodes) {
      config.nodes_endpoint = nodes.text("endpoint");
      config.key_file = paths.needed(nodes, "key_file");
      config.nodes_file = paths.needed(nodes, "keys");
    });
    section(file, "national", [&](TomlReader& national) {
      config.national_endpoint = national.text("endpoint");
      config.national_key = curve_key(national, "public_key");
      config.national_key_file = paths.needed(national, "key_file");
    });
    config.walls = walls(file, paths);
  };
  NAKADACHI_CHECK(read_toml(text, path, read));
  return config;
}

Result<NationalConfig> load_national_config(const std::string& path) {
  NAKADACHI_TRY(const std::string text, read_file(path));
  NationalConfig config;
  NAKADACHI_CHECK(
      read_toml(text, path, [&](TomlReader& file) { read_national(file, Paths(path), config); }));
  return config;
}

std::string write_trust(const TrustConfig& trust) {
  return fmt::format(
      "[trust]\ncore_key = \"{}\"\nregistry_key = \"{}\"\nsimulated = {}\nleast_serial = {}\n",
      to_hex(trust.roots.core_key.view()), to_hex(trust.roots.registry_key.view()),
      trust.roots.simulated, trust.least_serial);
}

Result<TrustConfig> load_trust(const std::string& path) {
  NAKADACHI_TRY(const std::string text, read_file(path));
  TrustConfig read;
  NAKADACHI_CHECK(read_toml(text, path, [&](TomlReader& file) {
    section(file, "trust", [&](TomlReader& table) { read = trust(table); });
  }));
  return read;
}

}  // namespace nakadachi::apps
