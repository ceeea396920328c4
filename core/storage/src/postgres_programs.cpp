#include "postgres_programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace nakadachi::storage {
namespace {

constexpr unsigned kOldest = 15;

bool has_programs(const std::filesystem::path& folder) {
  return access((folder / "initdb").c_str(), X_OK) == 0 &&
         access((folder / "postgres").c_str(), X_OK) == 0;
}

unsigned leading_number(std::string_view text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The version that `postgres --version` says: "postgres (PostgreSQL) 15.3 (Debian …)".
unsigned version_in(const std::filesystem::path& folder) {
  std::string quoted;
  for (const char c : folder.string())
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string command = "'" + quoted + "/postgres' --version 2>/dev/null";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(popen(command.c_str(), "re"),
                                                               &pclose);
  std::array<char, 200> line{};
  if (!output || std::fgets(line.data(), line.size(), output.get()) == nullptr) return 0;
  const std::string_view said(line.data());
  const std::size_t at = said.find(") ");
  return at == std::string_view::npos ? 0 : leading_number(said.substr(at + 2));
}

void consider(std::optional<PostgresPrograms>& best, const std::filesystem::path& folder,
              unsigned major, unsigned wanted) {
  const bool fits = wanted == 0 ? major >= kOldest : major == wanted;
  if (!fits || (best && best->major >= major) || !has_programs(folder)) return;
  best = PostgresPrograms{.folder = folder.string(), .major = major};
}

}  // namespace

Result<PostgresPrograms> find_postgres(unsigned major) {
  std::optional<PostgresPrograms> best;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    consider(best, entry.path() / "bin", leading_number(entry.path().filename().string()), major);
  }
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!best && !rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (folder.starts_with('/') && has_programs(folder)) {
      consider(best, folder, version_in(folder), major);
    }
  }
  if (best) return *best;
  return Error{.code = ErrorCode::kFileProblem,
               .detail = major == 0 ? fmt::format("no PostgreSQL {} or later: install the package "
                                                  "postgresql (server programs)",
                                                  kOldest)
                                    : fmt::format("no PostgreSQL {}: install the package "
                                                  "postgresql-{}",
                                                  major, major)};
}

}  // namespace nakadachi::storage
