#pragma once

#include <string>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

struct HandOverOptions {
  std::string endpoint;
  std::string server_key;  ///< Z85
  std::string key_file;
  std::string file;
};

/// Plays the town's resident system: sends 取得番号 and 個人番号 of a file to 機構.
/// Errors: those of the files, `kTimedOut`, `kMalformedFrame` when a part was not taken.
Result<void> hand_over(const HandOverOptions& options);

}  // namespace nakadachi::apps
