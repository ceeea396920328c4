#pragma once

#include <algorithm>
#include <cstddef>

namespace nakadachi::crypto {

/// Makes room for one more entry: while `map` holds `bound` entries or more, the
/// one least by `rank` goes. Looks at every entry; what is built for the new
/// entry (a key agreement, a key schedule) costs more than that.
template <class Map, class Rank>
void make_room(Map& map, std::size_t bound, Rank rank) {
  while (map.size() >= bound) {
    map.erase(std::min_element(map.begin(), map.end(), [&](const auto& a, const auto& b) {
      return rank(a.second) < rank(b.second);
    }));
  }
}

}  // namespace nakadachi::crypto
