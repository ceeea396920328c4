#pragma once

#include <cstddef>
#include <cstdint>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/units.hpp"

namespace nakadachi::records {

/// What an entry of a log is about. Numbers stand in entries; never reused.
enum class EntrySort : std::uint8_t {
  kStep = 1,   ///< a step of an exchange
  kChange = 2  ///< a change of a holding
};

/// The kind of leaf a change is (docs/protocol/trains.md). Steps have kinds below it.
inline constexpr std::uint8_t kChangeLeafKind = 20;

/// 情報提供等記録 (番号法 23条) as one line of a body's append-only log: the clear
/// columns of one stored row, and through its salted leaf the whole statement. Says
/// nothing that the stored row does not say in the clear. docs/records.md.
struct LogEntry {
  TenantId tenant;
  std::uint64_t number = 0;  ///< place in the tenant's log, from 0, without gaps
  EntrySort sort = EntrySort::kStep;
  ExchangeId id;              ///< of the exchange's leg, or of the change
  std::uint8_t part = 1;      ///< which step, or which section of the holdings
  std::uint16_t outcome = 0;  ///< of a step; 0 for a change
  bool erase = false;         ///< of a change; false for a step
  HoldingKey key;             ///< of a change; zeros for a step
  Units units;
  Digest leaf;  ///< salted leaf of the step's statement or the change's record

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

inline constexpr std::size_t kEntryBytes = 114;

/// The one encoding of an entry: "nakadachi entry v1", then tenant 4, number 8,
/// sort 1, id 16, part 1, outcome 2, erase 1, key 16, cause 1, persons 2,
/// messages in 2, messages out 2, bytes in 4, bytes out 4, leaf 32; big-endian.
Bytes encode(const LogEntry& entry);

/// Reads what `encode` wrote, and nothing else. Errors: `kWrongLength`,
/// `kUnsupportedVersion` (another text in front), those of `check_form`.
Result<LogEntry> decode_entry(ByteView bytes);

/// Whether the entry is one that is ever written: known sort and cause, `part` not 0
/// (of a step below `kChangeLeafKind`), and empty what its sort does not have.
/// Errors: `kUnknownEnumValue`, `kWrongFormat`, with the field.
Result<void> check_form(const LogEntry& entry);

/// SHA-256(0x00 ‖ encoding): the entry's leaf in the log's tree.
Digest entry_hash(const LogEntry& entry);

/// The kind its statement was hashed with into `leaf`.
std::uint8_t leaf_kind(const LogEntry& entry) noexcept;

/// Whether `entry.leaf` is that of `statement` under `salt`.
/// Errors: `kStatementDiffers`.
Result<void> check_statement(const LogEntry& entry, const Salt& salt, ByteView statement);

}  // namespace nakadachi::records
