#include "apps/common/text_table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace nakadachi::apps {
namespace {

Error file_problem(const std::string& path) {
  return {.code = ErrorCode::kFileProblem, .detail = path + ": " + std::strerror(errno)};
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_problem(path);
  std::string content;
  std::array<char, 1 << 16> part;
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    content.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) return file_problem(path);  // a directory, or a disk that failed in the middle
  return content;
}

Result<std::string> read_lines(const std::string& path) {
  NAKADACHI_TRY(std::string text, read_file(path));
  if (text.empty() || text.ends_with('\n')) return text;
  return cut_off(path, static_cast<std::int32_t>(std::ranges::count(text, '\n')) + 1);
}

Error cut_off(const std::string& path, std::int32_t line) {
  return {.code = ErrorCode::kConfigInvalid,
          .position = line,
          .detail = path + ": the last line has no end, the file may have been cut"};
}

Result<void> write_private_file(const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return file_problem(fresh);
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0) {
      const Error problem = file_problem(fresh);
      ::close(file);
      return problem;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool flushed = ::fsync(file) == 0;
  if (::close(file) != 0 || !flushed) return file_problem(fresh);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return file_problem(path);
  return {};
}

}  // namespace nakadachi::apps
