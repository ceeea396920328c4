#pragma once

#include <string_view>

#include "nakadachi/base/error.hpp"

namespace nakadachi::apps {

/// One of two wordings.
constexpr std::string_view in(Language language, std::string_view japanese,
                              std::string_view english) {
  return language == Language::kJapanese ? japanese : english;
}

}  // namespace nakadachi::apps
