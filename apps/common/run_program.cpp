#include "apps/common/run_program.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nakadachi::apps {
namespace {

constexpr int kNotStarted = 127;

/// A file in memory: however much is written, neither side waits for the other.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("nakadachi", MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(file_); }

  int handle() const noexcept { return file_; }
  bool fill(std::string_view content) const {
    while (!content.empty()) {
      const ssize_t written = ::write(file_, content.data(), content.size());
      if (written < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return lseek(file_, 0, SEEK_SET) == 0;
  }
  std::string content() const {
    std::string all(static_cast<std::size_t>(std::max<off_t>(0, lseek(file_, 0, SEEK_END))), '\0');
    const ssize_t got = pread(file_, all.data(), all.size(), 0);
    all.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return all;
  }

 private:
  int file_;
};

}  // namespace

Result<ProgramEnd> run_program(const std::vector<std::string>& arguments, std::string_view input) {
  const MemoryFile in;
  const MemoryFile out;
  const MemoryFile err;
  const auto problem = [&] {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = arguments.front() + ": " + std::strerror(errno)};
  };
  if (in.handle() < 0 || out.handle() < 0 || err.handle() < 0 || !in.fill(input)) return problem();
  std::vector<char*> raw;
  raw.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return problem();
  if (pid == 0) {
    dup2(in.handle(), STDIN_FILENO);
    dup2(out.handle(), STDOUT_FILENO);
    dup2(err.handle(), STDERR_FILENO);
    execv(raw.front(), raw.data());
    _exit(kNotStarted);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return problem();
  }
  ProgramEnd end{.output = out.content(), .complaint = err.content()};
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  if (end.status == kNotStarted && end.output.empty() && end.complaint.empty()) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = arguments.front() + " cannot be started; is it installed?"};
  }
  return end;
}

}  // namespace nakadachi::apps
