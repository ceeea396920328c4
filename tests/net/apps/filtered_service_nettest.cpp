// Services as an operator starts them: their system calls are filtered once they are at work.

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "apps/common/child_process.hpp"
#include "apps/common/system_call_filter.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr int kMostPolls = 6'000;

/// A gateway that no node and no national system comes to.
class Gateway {
 public:
  explicit Gateway(const std::vector<std::string>& options) {
    REQUIRE(mkdtemp(folder_.data()) != nullptr);
    const auto keys = socket::CurveKeyPair::make();
    REQUIRE(keys.save(file("gateway.curve")));
    const std::string key = to_z85(keys.public_key());
    REQUIRE(write_private_file(file("nodes.tsv"), "1\t" + key + "\n"));
    REQUIRE(write_private_file(
        file("gateway.toml"),
        fmt::format("[nodes]\nendpoint = \"tcp://127.0.0.1:*\"\nkey_file = \"gateway.curve\"\n"
                    "keys = \"nodes.tsv\"\n\n[national]\nendpoint = \"tcp://127.0.0.1:1\"\n"
                    "public_key = '{0}'\nkey_file = \"gateway.curve\"\n",
                    key)));
    std::vector<std::string> arguments = {std::string(NAKADACHI_BIN_DIR) + "/nakadachi",
                                          "gateway",
                                          "--config",
                                          file("gateway.toml"),
                                          "--ready-file",
                                          file("ready")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto started = ChildProcess::start(arguments, file("log"));
    REQUIRE(started);
    process_ = std::make_unique<ChildProcess>(*std::move(started));
    REQUIRE(wait_until_ready(*process_, file("ready"), file("log")));
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway() {
    process_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Waits until its log tells of `event`; whether it did.
  bool told(const std::string& event) {
    for (int i = 0; i < kMostPolls; ++i) {
      const bool running = process_->running();
      const auto log = read_file(file("log"));
      REQUIRE(log);
      if (log->find("\"event\":\"" + event + "\"") != std::string::npos) return true;
      if (!running) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// The values of a line of /proc/PID/task/*/status, one a thread.
  std::vector<std::string> of_threads(const std::string& name) const {
    std::vector<std::string> values;
    const std::string tasks = fmt::format("/proc/{}/task", process_->pid());
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      const auto status = read_file(task.path() / "status");
      REQUIRE(status);
      const std::size_t begin = status->find("\n" + name + ":\t") + name.size() + 3;
      values.push_back(status->substr(begin, status->find('\n', begin) - begin));
    }
    return values;
  }

  int stop() { return process_->stop(); }

 private:
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_ = (std::filesystem::temp_directory_path() / "filtered-XXXXXX").string();
  std::unique_ptr<ChildProcess> process_;
};

TEST_CASE("every thread of a gateway at work is filtered, and it still ends when asked") {
  Gateway gateway({});
  if (!kSystemCallsCanBeFiltered) {
    CHECK(gateway.told("system_calls_not_filtered"));
    return;
  }
  REQUIRE(gateway.told("system_calls_filtered"));
  CHECK(gateway.told("walls_not_given"));  // and nobody gave it a model of the network
  const std::vector<std::string> modes = gateway.of_threads("Seccomp");
  CHECK(modes.size() > 2);
  CHECK(modes == std::vector<std::string>(modes.size(), "2"));
  const std::vector<std::string> bound = gateway.of_threads("NoNewPrivs");
  CHECK(bound == std::vector<std::string>(bound.size(), "1"));
  CHECK(gateway.stop() == 0);
}

TEST_CASE("a gateway that is told not to filter says so") {
  Gateway gateway({"--without-seccomp"});
  REQUIRE(gateway.told("system_calls_not_filtered"));
  const std::vector<std::string> modes = gateway.of_threads("Seccomp");
  CHECK(modes.size() > 2);
  const auto own = read_file("/proc/self/status");
  REQUIRE(own);
  // As it was inherited, which is nothing unless a container has a filter of its own.
  const bool inherited = own->find("Seccomp:\t0\n") == std::string::npos;
  CHECK(modes == std::vector<std::string>(modes.size(), inherited ? "2" : "0"));
  CHECK(gateway.stop() == 0);
}

}  // namespace
}  // namespace nakadachi::apps
