#include "apps/common/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

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
    const auto value = table_.at_path(key).value<std::string>();
    if (!value) wrong(key, "a text is missing");
    return value.value_or("");
  }

  std::string text_or(std::string_view key, std::string_view otherwise) {
    return table_.at_path(key).value<std::string>().value_or(std::string(otherwise));
  }

  /// A path, made relative to the configuration file; empty stays empty.
  std::string path(std::string_view key, bool required = true) {
    std::string value = required ? text(key) : text_or(key, "");
    if (value.empty()) return value;
    return (std::filesystem::path(path_).parent_path() / value).string();
  }

  std::int64_t number_or(std::string_view key, std::int64_t otherwise) {
    const auto node = table_.at_path(key);
    if (!node) return otherwise;
    const auto value = node.value<std::int64_t>();
    if (!value || *value < 0) wrong(key, "must be a whole number, 0 or more");
    return value.value_or(otherwise);
  }

  socket::CurvePublicKey curve_key(std::string_view key) { return one_curve_key(key, text(key)); }

  std::vector<socket::CurvePublicKey> curve_keys(std::string_view key) {
    std::vector<socket::CurvePublicKey> keys;
    const toml::array* const list = table_.at_path(key).as_array();
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

  crypto::TrustRoots trust_roots() {
    crypto::TrustRoots roots{.core_key = public_key("trust.core_key"),
                             .registry_key = public_key("trust.registry_key")};
    const auto simulated = table_.at_path("trust.simulated").value<bool>();
    if (!simulated) wrong("trust.simulated", "must be true or false");
    roots.simulated = simulated.value_or(true);
    return roots;
  }

  Result<void> checked() const {
    if (problem_) return *problem_;
    return {};
  }

 private:
  ConfigFile(std::string path, toml::table table)
      : path_(std::move(path)), table_(std::move(table)) {}

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
  config.symbols_file = file.path("data.symbols");
  config.copies_file = file.path("data.copies");
  config.validity_ms = file.number_or("exchange.validity_s", config.validity_ms / 1000) * 1000;
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
