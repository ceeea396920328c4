#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace nakadachi::apps {

/// Where a demo keeps its pool, gone at the test's end. Not within a folder of the test's own: the
/// pool's database may have another account.
class KeptPool {
 public:
  KeptPool() = default;
  KeptPool(const KeptPool&) = delete;
  KeptPool& operator=(const KeptPool&) = delete;
  ~KeptPool() {
    std::filesystem::remove_all(path_);
    std::filesystem::remove_all(path_ + "-postgres");
  }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  const std::string path_ =
      std::filesystem::temp_directory_path() / fmt::format("demo-kept-{}", getpid());
};

}  // namespace nakadachi::apps
