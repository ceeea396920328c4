#include "apps/common/new_file.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace nakadachi::apps {
namespace {

Error problem(const std::string& path) {
  return {.code = ErrorCode::kFileProblem, .detail = path + ": " + std::strerror(errno)};
}

}  // namespace

NewFile::NewFile(std::string path, std::string draft, std::FILE* file)
    : path_(std::move(path)), draft_(std::move(draft)), file_(file) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      draft_(std::exchange(other.draft_, {})),
      file_(std::exchange(other.file_, nullptr)) {}

NewFile::~NewFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!draft_.empty()) ::unlink(draft_.c_str());
}

Result<NewFile> NewFile::create(std::string path) {
  if (::access(path.c_str(), F_OK) == 0) {
    errno = EEXIST;
    return problem(path);
  }
  std::string draft = path + ".XXXXXX";
  const int descriptor = ::mkstemp(draft.data());  // mode 0600
  if (descriptor < 0) return problem(path);
  std::FILE* const file = ::fdopen(descriptor, "wb");
  if (file == nullptr) {
    Error error = problem(path);
    ::close(descriptor);
    ::unlink(draft.c_str());
    return error;
  }
  return NewFile(std::move(path), std::move(draft), file);
}

Result<void> NewFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return problem(path_);
  return {};
}

Result<void> NewFile::publish() {
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) return problem(path_);
  // Unlike rename, this fails when somebody else made the file meanwhile.
  if (::link(draft_.c_str(), path_.c_str()) != 0) return problem(path_);
  return {};
}

}  // namespace nakadachi::apps
