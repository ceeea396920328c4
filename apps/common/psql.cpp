#include "apps/common/psql.hpp"

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"

namespace nakadachi::apps {

Result<std::vector<std::vector<std::string>>> run_psql(const std::string& psql,
                                                       const std::string& login,
                                                       std::string_view sql) {
  NAKADACHI_TRY(const ProgramEnd end,
                run_program({psql, "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
                             "--field-separator=\t", "--set=ON_ERROR_STOP=1", "--dbname=" + login,
                             "--file=-"},
                            sql));
  if (end.status != 0) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = "psql: " + end.complaint};
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : split(end.output, '\n')) {
    if (line.empty()) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string_view field : split(line, '\t')) row.emplace_back(field);
  }
  return rows;
}

}  // namespace nakadachi::apps
