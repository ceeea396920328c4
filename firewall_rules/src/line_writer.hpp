#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

namespace nakadachi::walls {

/// Text that grows line by line.
class LineWriter {
 protected:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }

  std::string text_;
};

}  // namespace nakadachi::walls
