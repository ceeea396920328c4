#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// A file that is there whole or not at all, that only its owner may read, and that
/// replaces no other: written beside its place, and put there by `publish`.
class NewFile {
 public:
  /// Errors: `kFileProblem`, also when there is a file at `path`.
  static Result<NewFile> create(std::string path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  /// What was not published is gone.
  ~NewFile();

  /// Errors: `kFileProblem`.
  Result<void> write(std::string_view text);
  /// Durable, under its name. Errors: `kFileProblem`, also when there is such a file by now.
  Result<void> publish();

 private:
  NewFile(std::string path, std::string draft, std::FILE* file);

  std::string path_;
  std::string draft_;  ///< empty: nothing to remove
  std::FILE* file_;
};

}  // namespace nakadachi::apps
