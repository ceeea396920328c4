#include "bench/peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <pqxx/pqxx>

#include "apps/common/text_table.hpp"

namespace nakadachi::bench {
namespace {

constexpr const char* kTables = R"(
create table peer_exchange (id bigserial primary key, request bytea, answer bytea);
create table peer_record (id bigserial primary key, exchange bigint, head bytea, body bytea);
)";

std::string hex_literal(std::size_t bytes) {
  std::string digits;
  for (std::size_t i = 0; i < bytes; ++i) digits += fmt::format("{:02x}", (i * 37 + 11) % 256);
  return "'\\x" + digits + "'::bytea";
}

std::string script_text() {
  const std::string record = fmt::format(
      "insert into peer_record (exchange, head, body) values "
      "(currval('peer_exchange_id_seq'), {}, {});\n",
      hex_literal(32), hex_literal(128));
  return "begin;\n" +
         fmt::format("insert into peer_exchange (request, answer) values ({}, {});\n",
                     hex_literal(160), hex_literal(256)) +
         record + record + "commit;\n";
}

/// The newest pgbench of the Debian packages, or the one on the path.
std::string find_pgbench() {
  std::string found = "pgbench";
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const auto program = version.path() / "bin" / "pgbench";
    if (std::filesystem::exists(program)) found = std::max(found, program.string());
  }
  return found;
}

}  // namespace

Result<Peer> Peer::prepare(storage::PrivateCluster& cluster, const std::string& directory) {
  Peer peer;
  peer.script_ = directory + "/peer.sql";
  NAKADACHI_CHECK(apps::write_private_file(peer.script_, script_text()));
  try {
    pqxx::connection admin(cluster.login("postgres"));
    pqxx::nontransaction(admin).exec("create database peer");
    peer.login_ = cluster.login("postgres") + " dbname=peer";
    pqxx::connection database(peer.login_);
    pqxx::nontransaction(database).exec(kTables);
  } catch (const std::exception& problem) {
    return Error{.code = ErrorCode::kStoreFailed, .detail = problem.what()};
  }
  return peer;
}

Result<double> Peer::run(std::uint64_t seconds) const {
  const std::string command = fmt::format("{} -n -M prepared -c 16 -j 2 -T {} -f '{}' '{}' 2>&1",
                                          find_pgbench(), seconds, script_, login_);
  struct CloseProcess {
    void operator()(std::FILE* process) const { pclose(process); }
  };
  const std::unique_ptr<std::FILE, CloseProcess> process(popen(command.c_str(), "r"));
  if (process == nullptr) return Error{.code = ErrorCode::kFileProblem, .detail = "pgbench"};
  std::string output;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), process.get()) != nullptr) output += part.data();
  const std::size_t at = output.find("tps = ");
  double per_second = 0;
  if (at != std::string::npos) {
    std::from_chars(output.data() + at + 6, output.data() + output.size(), per_second);
  }
  if (per_second <= 0) return Error{.code = ErrorCode::kInternal, .detail = output};
  return per_second;
}

}  // namespace nakadachi::bench
