// The whole tree of commands as somebody finds his way in it: by --help.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

std::string help_of(std::vector<std::string> command) {
  command.emplace_back("--help");
  const auto end = run_program(command, "");
  REQUIRE(end);
  INFO(fmt::format("{}", fmt::join(command, " ")));
  REQUIRE(end->status == 0);
  return end->output;
}

/// Names below the heading: a line each begins with two spaces and no third.
std::vector<std::string> subcommands(const std::string& help) {
  std::vector<std::string> names;
  bool below = false;
  for (const std::string_view line : split(help, '\n')) {
    if (line.starts_with("Subcommands:")) {
      below = true;
    } else if (below && line.starts_with("  ") && !line.starts_with("   ")) {
      names.emplace_back(split(line.substr(2), ' ').front());
    } else if (below && !line.starts_with("  ")) {
      break;
    }
  }
  return names;
}

/// How many commands stand below `command`; each is to have an example of its program.
std::size_t walk(const std::vector<std::string>& command, const std::string& program) {
  const std::string help = help_of(command);
  const auto names = subcommands(help);
  if (names.empty()) {
    INFO(fmt::format("{}", fmt::join(command, " ")));
    const std::size_t example = help.find("Example");
    CHECK(example != std::string::npos);
    CHECK(help.find(program + " ", std::min(example, help.size())) != std::string::npos);
    return 1;
  }
  std::size_t leaves = 0;
  for (const std::string& name : names) {
    std::vector<std::string> below = command;
    below.push_back(name);
    leaves += walk(below, program);
  }
  return leaves;
}

}  // namespace

TEST_CASE("every command's help has an example") {
  const auto [program, least] =
      GENERATE(table<std::string, std::size_t>({{"nakadachi", 55}, {"nakadachi-national", 3}}));
  CHECK(walk({std::string(NAKADACHI_BIN_DIR) + "/" + program}, program) >= least);
}

}  // namespace nakadachi::apps
