#pragma once

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "apps/common/child_process.hpp"
#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "tests/net/demo/kept_pool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::apps {

inline const std::string kProgram = std::string(NAKADACHI_BIN_DIR) + "/nakadachi";

/// A demo's pool of two towns that stays until its end, and commands on it as somebody types
/// them.
class StandingPool {
 public:
  static constexpr std::size_t kTowns = 2;
  static constexpr std::size_t kExchanges = 70;

  StandingPool() {
    auto started =
        ChildProcess::start({kProgram, "demo", "--tenants", std::to_string(kTowns), "--exchanges",
                             std::to_string(kExchanges), "--keep", pool_.path(), "--stay"},
                            log());
    REQUIRE(started);
    demo_.emplace(*std::move(started));
    while (said().find("the pool stands") == std::string::npos) {
      INFO(said());
      REQUIRE(demo_->running());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  StandingPool(const StandingPool&) = delete;
  StandingPool& operator=(const StandingPool&) = delete;

  /// Of the test's own.
  std::string file(const std::string& name) const { return folder_.file(name); }
  /// That the demo has kept.
  std::string kept(const std::string& name) const { return pool_.file(name); }

  /// Runs a command with what `access.env` says, as somebody who has read it into a shell.
  ProgramEnd run(const std::vector<std::string>& command) const {
    std::vector<std::string> arguments = {
        "/bin/sh", "-c", fmt::format("set -a; . {}; exec \"$0\" \"$@\"", kept("access.env")),
        kProgram};
    arguments.insert(arguments.end(), command.begin(), command.end());
    auto end = run_program(arguments, "");
    REQUIRE(end);
    return *std::move(end);
  }
  nlohmann::json json(std::vector<std::string> command, int status = 0) const {
    command.emplace_back("--json");
    const ProgramEnd end = run(command);
    INFO(fmt::format("{}: {}{}", fmt::join(command, " "), end.output, end.complaint));
    REQUIRE(end.status == status);
    return nlohmann::json::parse(end.output);
  }
  /// Ends it as Ctrl-C does; the demo's exit status.
  int end() { return demo_->stop(); }

 private:
  std::string log() const { return file("demo.log"); }
  std::string said() const {
    const auto text = read_file(log());
    return text ? *text : std::string();
  }

  testing::TempFolder folder_;
  KeptPool pool_;
  std::optional<ChildProcess> demo_;
};

}  // namespace nakadachi::apps
