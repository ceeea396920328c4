#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nakadachi/base/codes.hpp"

namespace nakadachi::apps {

/// 市町村・特別区, from the project's own facts (data/municipalities.csv).
struct Municipality {
  MunicipalityCode code;
  std::string prefecture;
  std::string name;
  std::uint32_t population = 0;  ///< census of 2015
};

/// All 1,741, ascending by code.
const std::vector<Municipality>& municipalities();

}  // namespace nakadachi::apps
