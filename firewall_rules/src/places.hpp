#pragma once

#include <cstddef>

namespace nakadachi::walls {

/// A place that is somebody's (not `kNobody`), to index a list with.
constexpr std::size_t index(int place) { return static_cast<std::size_t>(place); }

}  // namespace nakadachi::walls
