#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// How a program that was waited for ended.
struct ProgramEnd {
  int status = -1;  ///< exit status; -1 when a signal ended it
  std::string output;
  std::string complaint;  ///< standard error
};

/// Runs `arguments[0]` (a path) with `input` as standard input and waits for its end. It runs in
/// the calling thread's network namespace. Errors: `kFileProblem` when it cannot be started.
Result<ProgramEnd> run_program(const std::vector<std::string>& arguments, std::string_view input);

}  // namespace nakadachi::apps
