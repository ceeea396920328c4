#include "files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace nakadachi::crypto {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }
  bool open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

Error problem(const std::string& path, std::string_view what) {
  return {.code = ErrorCode::kFileProblem, .detail = fmt::format("{}: {}", path, what)};
}

Error problem_of_errno(const std::string& path) {
  return problem(path, std::system_category().message(errno));
}

Result<void> check_readers(const std::string& path, const struct stat& status) {
  const auto others = status.st_mode & (S_IRWXG | S_IRWXO);
  if (others != 0) {
    return problem(
        path, fmt::format("mode {:04o} lets others in, 0600 is wanted", status.st_mode & 07777U));
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return problem(path, "belongs to another user");
  }
  return {};
}

bool write_all(int file, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const Descriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.open() && ::fsync(opened.number()) == 0;
}

}  // namespace

Result<SecretBytes> read_file(const std::string& path, std::size_t most, Readers readers) {
  // Without O_NONBLOCK a named pipe would hold the start until somebody writes.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file.open() || ::fstat(file.number(), &status) != 0) return problem_of_errno(path);
  if (!S_ISREG(status.st_mode)) return problem(path, "not a regular file");
  if (readers == Readers::kOwnerOnly) NAKADACHI_CHECK(check_readers(path, status));

  SecretBytes buffer(most);
  std::size_t filled = 0;
  while (filled < most) {
    const ssize_t got = ::read(file.number(), buffer.writable().data() + filled, most - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problem_of_errno(path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return SecretBytes(buffer.view().first(filled));
}

Result<void> write_new_file(const std::string& path, ByteView content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) return problem_of_errno(path);
  if (write_all(file.number(), content) && ::fsync(file.number()) == 0 && sync_folder_of(path)) {
    return {};
  }
  const Error error = problem_of_errno(path);
  ::unlink(path.c_str());
  return error;
}

}  // namespace nakadachi::crypto
