#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace nakadachi::walls {

/// All values from `first` to `last`, both included.
template <class T>
struct Interval {
  T first;
  T last;
  friend auto operator<=>(const Interval&, const Interval&) = default;
};

/// The value behind `value`, which is not the greatest. `Address` has its own.
constexpr std::uint32_t successor(std::uint32_t value) { return value + 1; }
constexpr std::uint32_t predecessor(std::uint32_t value) { return value - 1; }

/// A set of values as ascending intervals that neither overlap nor touch, so
/// that equal sets are equal vectors. Set algebra on it is exact.
template <class T>
class IntervalSet {
 public:
  IntervalSet() = default;
  IntervalSet(Interval<T> one) : intervals_{one} {}  // NOLINT(*-explicit-*): an interval is a set
  /// From intervals in any order, overlapping or not.
  static IntervalSet of(std::vector<Interval<T>> pieces) {
    std::sort(pieces.begin(), pieces.end());
    IntervalSet set;
    for (const Interval<T>& piece : pieces) set.append(piece);
    return set;
  }

  std::span<const Interval<T>> intervals() const noexcept { return intervals_; }
  bool empty() const noexcept { return intervals_.empty(); }

  bool contains(const T& value) const { return intersects(Interval<T>{value, value}); }

  bool intersects(const Interval<T>& piece) const {
    const auto found = from(piece.first);
    return found != intervals_.end() && found->first <= piece.last;
  }
  bool intersects(const IntervalSet& other) const {
    const bool mine = intervals_.size() <= other.intervals_.size();
    const IntervalSet& small = mine ? *this : other;
    const IntervalSet& large = mine ? other : *this;
    return std::any_of(small.intervals_.begin(), small.intervals_.end(),
                       [&](const Interval<T>& piece) { return large.intersects(piece); });
  }

  /// Whether all of `other` is in this set.
  bool covers(const IntervalSet& other) const { return (other - *this).empty(); }

  friend IntervalSet operator|(const IntervalSet& a, const IntervalSet& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    std::vector<Interval<T>> both(a.intervals_.size() + b.intervals_.size());
    std::merge(a.intervals_.begin(), a.intervals_.end(), b.intervals_.begin(), b.intervals_.end(),
               both.begin());
    IntervalSet set;
    for (const Interval<T>& piece : both) set.append(piece);
    return set;
  }

  friend IntervalSet operator&(const IntervalSet& a, const IntervalSet& b) {
    const bool a_is_small = a.intervals_.size() <= b.intervals_.size();
    const IntervalSet& small = a_is_small ? a : b;
    const IntervalSet& large = a_is_small ? b : a;
    IntervalSet set;
    for (const Interval<T>& piece : small.intervals_) {
      for (auto at = large.from(piece.first);
           at != large.intervals_.end() && at->first <= piece.last; ++at) {
        set.intervals_.push_back(
            {std::max(piece.first, at->first), std::min(piece.last, at->last)});
      }
    }
    return set;
  }

  friend IntervalSet operator-(const IntervalSet& a, const IntervalSet& b) {
    IntervalSet set;
    for (const Interval<T>& piece : a.intervals_) set.append_without(piece, b);
    return set;
  }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  /// The first interval that does not end before `value`.
  auto from(const T& value) const {
    return std::lower_bound(
        intervals_.begin(), intervals_.end(), value,
        [](const Interval<T>& piece, const T& wanted) { return piece.last < wanted; });
  }

  /// Adds an interval that does not begin before the last one does.
  void append(const Interval<T>& piece) {
    if (intervals_.empty()) {
      intervals_.push_back(piece);
      return;
    }
    T& end = intervals_.back().last;
    const bool joins = piece.first <= end || (end < piece.first && successor(end) == piece.first);
    if (!joins) {
      intervals_.push_back(piece);
    } else if (end < piece.last) {
      end = piece.last;
    }
  }

  void append_without(const Interval<T>& piece, const IntervalSet& holes) {
    T begin = piece.first;
    for (auto hole = holes.from(piece.first);
         hole != holes.intervals_.end() && hole->first <= piece.last; ++hole) {
      if (begin < hole->first) intervals_.push_back({begin, predecessor(hole->first)});
      if (!(hole->last < piece.last)) return;
      begin = successor(hole->last);
    }
    intervals_.push_back({begin, piece.last});
  }

  std::vector<Interval<T>> intervals_;
};

}  // namespace nakadachi::walls
