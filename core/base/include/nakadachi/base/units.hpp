#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace nakadachi {

/// Who caused a row, and so who pays for it (docs/metering.md). Numbers stand in
/// the database and in records; never reused.
enum class Cause : std::uint8_t {
  kOwnQuery = 1,  ///< this body asked
  kAnswered = 2,  ///< another body of the pool asked, this one answered
  kApproval = 3,  ///< staff decided on a question of the pool
  kSymbols = 4,   ///< acquisition and keeping of symbols (符号)
  kHoldings = 5,  ///< keeping of copies (副本), flags, persons and settings
  kOutside = 6    ///< a body outside the pool asked, whatever was done about it
};

/// Every cause, ascending by number.
inline constexpr std::array kCauses{Cause::kOwnQuery, Cause::kAnswered, Cause::kApproval,
                                    Cause::kSymbols,  Cause::kHoldings, Cause::kOutside};

/// The cause with this number, or nothing.
constexpr std::optional<Cause> cause_of(std::uint32_t number) noexcept {
  for (const Cause cause : kCauses) {
    if (static_cast<std::uint32_t>(cause) == number) return cause;
  }
  return std::nullopt;
}

/// What a row is metered with. Bytes are those of encoded statements as they
/// travel on the link, counted once however often they were sent again; a change
/// of a holding counts the bytes of its encoded value, before sealing, as incoming.
struct Units {
  Cause cause = Cause::kOwnQuery;
  std::uint16_t persons = 0;       ///< persons concerned; 1 on the row that begins a leg, else 0
  std::uint16_t messages_in = 0;   ///< from the link or a business system
  std::uint16_t messages_out = 0;  ///< to the link
  std::uint32_t bytes_in = 0;
  std::uint32_t bytes_out = 0;

  friend bool operator==(const Units&, const Units&) = default;
};

}  // namespace nakadachi
