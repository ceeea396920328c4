#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::copies {

/// The value of one item. An item without a value is left out. A personal value:
/// it is sealed where it is stored and never reaches a log or an error.
struct CopyItem {
  std::uint16_t number = 0;  ///< of the layout, from 1
  std::string value;         ///< UTF-8, not empty

  friend bool operator==(const CopyItem&, const CopyItem&) = default;
};

/// What one copy (副本) says of a person; also what an answer from it says.
struct CopyContent {
  std::uint16_t layout_version = 0;  ///< from 1
  std::uint64_t dataset = 0;         ///< number of the load it came with
  Period validity;                   ///< the days on which it may be answered with
  std::vector<CopyItem> items;       ///< ascending by number, each once

  friend bool operator==(const CopyContent&, const CopyContent&) = default;
};

/// One content has one encoding (docs/copies.md). Errors, with the place of the
/// item at fault: `kWrongFormat` (version 0, validity that ends before it begins,
/// items out of order or twice, item number 0, a value that is empty or not UTF-8),
/// `kWrongLength` (a value above limits::kMaxCopyItemBytes), `kTooManyItems`,
/// `kOversize` (above limits::kMaxCopyBytes).
Result<Bytes> encode(const CopyContent& content);

/// Accepts what `encode` makes and nothing else. Errors: those of `encode`,
/// `kUnsupportedVersion`, `kMalformedFrame` (too short, too long, unknown marks or days).
Result<CopyContent> decode_content(ByteView bytes);

/// What of a copy was asked for, and what of that it does not have.
struct Selection {
  CopyContent content;                 ///< without the items nobody asked for
  std::vector<std::uint16_t> missing;  ///< ascending; empty: answered in full
};

/// The items asked for (照会する特定個人情報の項目), in whatever order; all when
/// `wanted` is empty.
Selection select(const CopyContent& content, std::span<const std::uint16_t> wanted);

}  // namespace nakadachi::copies
