#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"
#include "nakadachi/firewall_rules/model.hpp"

namespace nakadachi::apps {

/// Reads a network model (TOML, docs/network.md). `origin` names it in errors.
/// Classes of lines and kinds of traffic of data/walls/lines.toml are there from
/// the start; the file may replace them by name.
/// Errors: `kConfigInvalid` with the line as position and the key in the detail;
/// a key that means nothing is one too.
Result<walls::Model> parse_walls(std::string_view toml, const std::string& origin);

/// From a file, or from the layouts built in when `place` is `preset:NAME`.
/// Errors: also `kFileProblem`.
Result<walls::Model> load_walls(const std::string& place);

/// A layout that is built in (data/walls/*.toml).
struct WallsPreset {
  std::string_view name;
  std::string_view toml;
};
/// Ascending by name.
const std::vector<WallsPreset>& walls_presets();

}  // namespace nakadachi::apps
