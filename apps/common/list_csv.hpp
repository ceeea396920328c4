#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace nakadachi::apps {

/// A column of a list: a field of its rows in JSON, and what Japanese readers call it.
struct ListColumn {
  std::string_view key;
  std::string_view japanese;
};

/// A list as CSV (UTF-8, CR LF): a header with the keys, or with their Japanese names, and a
/// record of each row's fields. Texts stand as they are, `null` and what a row lacks is empty,
/// the texts of an array stand with `; ` between them.
std::string list_csv(const nlohmann::json& rows, std::span<const ListColumn> columns,
                     bool japanese);

}  // namespace nakadachi::apps
