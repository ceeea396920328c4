#include "apps/nakadachi/report_options.hpp"

#include <fmt/format.h>

namespace nakadachi::apps {

void add_json_option(CommandLine command, bool& json) {
  command.add_flag("--json", json, "one JSON value on standard output");
}

void print_json(const nlohmann::json& value) { fmt::print("{}\n", value.dump(2)); }

}  // namespace nakadachi::apps
