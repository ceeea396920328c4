#include <fmt/format.h>

#include <memory>

#include "apps/common/law_files.hpp"
#include "apps/common/node_assembly.hpp"
#include "apps/common/stop_signal.hpp"
#include "apps/common/system_call_filter.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/walls_policy.hpp"
#include "apps/nakadachi/commands.hpp"
#include "nakadachi/base/log.hpp"
#include "nakadachi/crypto/process.hpp"
#include "nakadachi/gateway/gateway_service.hpp"
#include "nakadachi/oltp/node_service.hpp"
#include "nakadachi/storage/postgres_store.hpp"

namespace nakadachi::apps {
namespace {

struct ServiceOptions {
  std::string config;
  std::string ready_file;
  std::string log_file;
  bool without_seccomp = false;
};

std::shared_ptr<ServiceOptions> add_service_options(CommandLine command) {
  auto options = std::make_shared<ServiceOptions>();
  command.add_option("--config", options->config, "TOML file").required();
  command.add_option("--ready-file", options->ready_file,
                     "written with the endpoints, a line each, once the doors are open");
  command.add_option("--log-file", options->log_file, "JSON lines; standard error otherwise");
  command.add_flag("--without-seccomp", options->without_seccomp,
                   "answer every system call: for looking for a fault, not for service");
  return options;
}

/// Before any key is read: keys are neither swapped nor dumped.
Result<void> protect_keys(bool required) {
  NAKADACHI_TRY(const auto protection, crypto::protect_memory(required));
  if (!protection.locked) log::write(log::Level::kWarning, "memory_not_locked", {});
  return {};
}

Result<void> tell_ready(const ServiceOptions& options, const std::string& endpoint) {
  log::write(log::Level::kInfo, "ready", {{"endpoint", std::string_view(endpoint)}});
  if (options.ready_file.empty()) return {};
  return write_private_file(options.ready_file, endpoint);
}

/// The last step of a start, before the first message is judged.
Result<void> confine(const ServiceOptions& options, Service service) {
  if (options.without_seccomp || !kSystemCallsCanBeFiltered) {
    log::write(log::Level::kWarning, "system_calls_not_filtered",
               {{"why", std::string_view(options.without_seccomp ? "--without-seccomp"
                                                                 : "sanitized build")}});
    return {};
  }
  if (const auto filtered = filter_system_calls(service); !filtered) {
    Error error = filtered.error();
    error.detail += "; with --without-seccomp it goes without";
    return error;
  }
  log::write(log::Level::kInfo, "system_calls_filtered", {});
  return {};
}

/// All of what the files say, or nothing of it.
void read_callers_again(const NodeConfig& config, const WallsPolicy* policy,
                        oltp::NodeService& service) {
  auto callers = load_callers(config, policy);
  if (callers && callers->systems.empty()) {  // more likely a mistake than the wish to cut all
    callers = Error{.code = ErrorCode::kConfigInvalid,
                    .field = "oltp.systems",
                    .detail = config.systems_file + ": nobody is in it"};
  }
  const Result<void> done =
      callers ? service.replace_callers(*std::move(callers)) : Result<void>(callers.error());
  if (!done) log::write(log::Level::kError, "callers_not_replaced", done.error());
}

/// The file of the configuration, too, is read again, but of it only what is law.
void read_node_law_again(const ServiceOptions& options, oltp::NodeService& service) {
  read_law_again(
      [&]() -> Result<rules::LawBook> {
        NAKADACHI_TRY(const NodeConfig config, load_node_config(options.config));
        return load_law_to_go_on(config.law, Day::of(SystemClock().now()));
      },
      [&](rules::LawBook law) { return service.replace_law(std::move(law)); });
}

Result<void> run_node(const ServiceOptions& options) {
  StopSignal stop_signal(StopSignal::Hangup::kReads);
  NAKADACHI_CHECK(log::open(options.log_file, log::Level::kInfo));
  NAKADACHI_TRY(const NodeConfig config, load_node_config(options.config));
  NAKADACHI_CHECK(protect_keys(config.profile != "demo"));
  NAKADACHI_TRY(const auto walls, load_policy(config));
  const WallsPolicy* const policy = walls ? &*walls : nullptr;
  NAKADACHI_TRY(NodeAssembly node, assemble_node(config, policy));
  NAKADACHI_TRY(socket::CurveKeyPair oltp_keys, socket::CurveKeyPair::load(config.oltp_key_file));
  NAKADACHI_TRY(socket::CurveKeyPair link_keys, socket::CurveKeyPair::load(config.link_key_file));
  const crypto::Ed25519Verifier verifier;
  oltp::NodeServiceConfig service_config{
      .name = config.name,
      .oltp_endpoint = config.oltp_endpoint,
      .oltp_keys = std::move(oltp_keys),
      .systems = std::move(node.systems),
      .systems_may_come_from =
          policy != nullptr ? policy->door(oltp_end(config)).callers() : socket::AddressCheck(),
      .admin_endpoint = config.admin_endpoint,
      .staff = std::move(node.staff),
      .staff_may_come_from = policy != nullptr && !config.admin_endpoint.empty()
                                 ? policy->door(admin_end(config)).callers()
                                 : socket::AddressCheck(),
      .gateway_endpoint = config.gateway_endpoint,
      .gateway_key = config.gateway_key,
      .link_keys = std::move(link_keys),
      .lanes = std::move(node.lanes),
      .open_store =
          [logins =
               storage::PostgresLogins{.train = config.train_login, .node = config.node_login}] {
            return std::make_unique<storage::PostgresStore>(logins);
          },
      .renew_delegations = std::move(node.renew_delegations)};
  NAKADACHI_TRY(const auto service,
                oltp::NodeService::start(std::move(service_config), std::move(node.setup),
                                         *node.signer, verifier));
  const auto registration = stop_signal.on_stop([&] { service->stop(); },
                                                [&] {
                                                  read_callers_again(config, policy, *service);
                                                  read_node_law_again(options, *service);
                                                });
  NAKADACHI_CHECK(
      tell_ready(options, fmt::format("{}\n{}", service->endpoint(), service->admin_endpoint())));
  NAKADACHI_CHECK(confine(options, Service::kNode));
  return service->run();
}

/// As `read_callers_again`.
void read_nodes_again(const GatewayConfig& config, const WallsPolicy* policy,
                      gateway::GatewayService& service) {
  auto nodes = load_nodes(config, policy);
  if (nodes && nodes->empty()) {
    nodes = Error{.code = ErrorCode::kConfigInvalid,
                  .field = "nodes.keys",
                  .detail = config.nodes_file + ": nobody is in it"};
  }
  const Result<void> done = nodes ? service.replace_nodes(*nodes) : Result<void>(nodes.error());
  if (!done) log::write(log::Level::kError, "nodes_not_replaced", done.error());
}

Result<void> run_gateway(const ServiceOptions& options) {
  StopSignal stop_signal(StopSignal::Hangup::kReads);
  NAKADACHI_CHECK(log::open(options.log_file, log::Level::kInfo));
  NAKADACHI_TRY(const GatewayConfig config, load_gateway_config(options.config));
  NAKADACHI_CHECK(protect_keys(false));
  NAKADACHI_TRY(const auto walls, load_policy(config));
  const WallsPolicy* const policy = walls ? &*walls : nullptr;
  NAKADACHI_TRY(auto nodes, load_nodes(config, policy));
  NAKADACHI_TRY(socket::CurveKeyPair keys, socket::CurveKeyPair::load(config.key_file));
  NAKADACHI_TRY(socket::CurveKeyPair national_keys,
                socket::CurveKeyPair::load(config.national_key_file));
  NAKADACHI_TRY(
      const auto service,
      gateway::GatewayService::start(
          {.nodes_endpoint = config.nodes_endpoint,
           .keys = std::move(keys),
           .nodes = std::move(nodes),
           .nodes_may_come_from = policy != nullptr ? policy->door(nodes_end(config)).callers()
                                                    : socket::AddressCheck(),
           .national_endpoint = config.national_endpoint,
           .national_key = config.national_key,
           .national_keys = std::move(national_keys)}));
  const auto registration = stop_signal.on_stop(
      [&] { service->stop(); }, [&] { read_nodes_again(config, policy, *service); });
  NAKADACHI_CHECK(tell_ready(options, service->endpoint()));
  NAKADACHI_CHECK(confine(options, Service::kGateway));
  service->run();
  return {};
}

}  // namespace

void add_node_command(CommandLine app, Command& chosen) {
  const CommandLine command = app.add_command("node", "Serve the towns of this node's lanes");
  command.footer(
      "SIGHUP: read the files of oltp.systems and admin.staff again, and the law ([law] and its\n"
      "files); what is wrong leaves what was.\n"
      "Example: nakadachi node --config /etc/nakadachi/node.toml");
  const auto options = add_service_options(command);
  command.when_chosen([options, &chosen] { chosen = [options] { return run_node(*options); }; });
}

void add_gateway_command(CommandLine app, Command& chosen) {
  const CommandLine command =
      app.add_command("gateway", "Pass between nodes and the national system");
  command.footer(
      "SIGHUP: read the file of nodes.keys again.\n"
      "Example: nakadachi gateway --config /etc/nakadachi/gateway.toml");
  const auto options = add_service_options(command);
  command.when_chosen([options, &chosen] { chosen = [options] { return run_gateway(*options); }; });
}

}  // namespace nakadachi::apps
