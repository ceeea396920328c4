#include "bench/postgres_facts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <pqxx/pqxx>

#include "apps/common/text_table.hpp"

namespace nakadachi::bench {
namespace {

struct ProcessTimes {
  int parent = 0;
  std::uint64_t own_ticks = 0;
  std::uint64_t ended_children_ticks = 0;
};

/// proc(5): fields of /proc/<pid>/stat after the name.
std::optional<ProcessTimes> read_process(const std::string& pid) {
  const auto stat = apps::read_file("/proc/" + pid + "/stat");
  if (!stat || stat->rfind(')') == std::string::npos) return std::nullopt;
  const auto fields = apps::split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  const auto number = [&](std::size_t i) {
    std::uint64_t value = 0;
    std::from_chars(fields[i].data(), fields[i].data() + fields[i].size(), value);
    return value;
  };
  if (fields.size() < 15) return std::nullopt;
  return ProcessTimes{.parent = static_cast<int>(number(1)),
                      .own_ticks = number(11) + number(12),
                      .ended_children_ticks = number(13) + number(14)};
}

std::string server_pid(const storage::PrivateCluster& cluster) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cluster.directory())) {
    if (entry.path().filename() != "postmaster.pid") continue;
    const auto text = apps::read_file(entry.path().string());
    if (text) return std::string(apps::split(*text, '\n').front());
  }
  return {};
}

}  // namespace

Result<Settings> read_settings(storage::PrivateCluster& cluster) {
  try {
    pqxx::connection connection(cluster.login("postgres"));
    pqxx::nontransaction query(connection);
    Settings settings;
    for (const char* const name :
         {"fsync", "synchronous_commit", "full_page_writes", "commit_delay", "server_version"}) {
      settings[name] = query.exec(std::string("show ") + name)[0][0].as<std::string>();
    }
    settings["unlogged_tables"] =
        query.exec("select count(*) from pg_class where relpersistence = 'u'")[0][0]
            .as<std::string>();
    return settings;
  } catch (const std::exception& problem) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = problem.what()};
  }
}

Result<void> require_durable(const Settings& settings) {
  const Settings needed = {{"fsync", "on"},
                           {"synchronous_commit", "on"},
                           {"full_page_writes", "on"},
                           {"commit_delay", "0"},
                           {"unlogged_tables", "0"}};
  for (const auto& [name, value] : needed) {
    if (settings.at(name) == value) continue;
    return Error{.code = ErrorCode::kConfigInvalid,
                 .detail = fmt::format("{} must be {}", name, value)};
  }
  return {};
}

Result<StoreFacts> read_store_facts(storage::PrivateCluster& cluster) {
  try {
    pqxx::connection connection(cluster.login("postgres"));
    pqxx::nontransaction query(connection);
    const auto rows = query.exec(
        "select (select coalesce(sum(rows), 0) from nakadachi.train), "
        "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
    return StoreFacts{.rows = rows[0][0].as<std::uint64_t>(),
                      .wal_bytes = rows[0][1].as<std::uint64_t>()};
  } catch (const std::exception& problem) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = problem.what()};
  }
}

std::uint64_t postgres_cpu_us(const storage::PrivateCluster& cluster) {
  const std::string server = server_pid(cluster);
  const auto main_process = read_process(server);
  if (!main_process) return 0;
  std::uint64_t ticks = main_process->own_ticks + main_process->ended_children_ticks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (pid.empty() || pid.front() < '0' || pid.front() > '9') continue;
    const auto process = read_process(pid);
    if (process && std::to_string(process->parent) == server) ticks += process->own_ticks;
  }
  return ticks * 1'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
}

}  // namespace nakadachi::bench
