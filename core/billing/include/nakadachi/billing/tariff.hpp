#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "nakadachi/base/result.hpp"
#include "nakadachi/base/units.hpp"

namespace nakadachi::billing {

/// What one unit counts, in points. A point has no price: what a month cost is shared
/// out by points.
struct Weights {
  static constexpr std::uint32_t kMost = 1'000'000;
  std::uint32_t person = 0;
  std::uint32_t message = 0;  ///< in or out
  std::uint32_t kib = 0;      ///< 1024 bytes, in or out; parts of it count in part

  friend bool operator==(const Weights&, const Weights&) = default;
};

/// Who bears what bodies outside the pool caused (`Cause::kOutside`).
enum class OutsideRule : std::uint8_t {
  kByPopulation = 1,  ///< all members, as the common base
  kWhereItFell = 2    ///< the member that was asked
};

inline constexpr std::uint32_t kPartsPerMillion = 1'000'000;

/// A method of sharing a cost. docs/billing.md.
struct Tariff {
  std::string name;
  /// Part of the cost shared by population, in parts per million; the rest by points.
  std::uint32_t base_ppm = 0;
  /// Whether answering is charged to who asked: see docs/billing.md.
  bool asker_pays = true;
  OutsideRule outside = OutsideRule::kByPopulation;
  std::array<Weights, kCauses.size()> weights{};  ///< by cause, in the order of kCauses

  const Weights& of(Cause cause) const { return weights.at(static_cast<std::size_t>(cause) - 1); }
  Weights& of(Cause cause) { return weights.at(static_cast<std::size_t>(cause) - 1); }

  friend bool operator==(const Tariff&, const Tariff&) = default;
};

/// Whether the tariff is one to bill by. Errors: `kConfigInvalid` with the field: `name`
/// (empty), `base_ppm` (more than a million), `outside` (no known rule), `weights` (one of
/// more than `Weights::kMost`, or all 0 while something is to be shared by points).
Result<void> validate(const Tariff& tariff);

}  // namespace nakadachi::billing
