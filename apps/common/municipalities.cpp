#include "apps/common/municipalities.hpp"

#include <charconv>

#include "apps/common/text_table.hpp"
#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {
namespace {

std::vector<Municipality> read_embedded() {
  std::vector<Municipality> all;
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name != "municipalities.csv") continue;
    for (const std::string_view line : split(file.content, '\n')) {
      const auto fields = split(line, ',');
      if (fields.size() != 4) continue;
      const auto code = MunicipalityCode::parse(fields[0]);
      if (!code) continue;  // the heading
      Municipality one{*code, std::string(fields[1]), std::string(fields[2]), 0};
      std::from_chars(fields[3].data(), fields[3].data() + fields[3].size(), one.population);
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace

const std::vector<Municipality>& municipalities() {
  static const std::vector<Municipality> all = read_embedded();
  return all;
}

}  // namespace nakadachi::apps
