#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/copies/validation.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::copies {

/// What holds for all rows of a load (副本登録) of one kind of information.
struct Load {
  InformationKind kind;
  std::uint16_t layout_version = 0;
  /// Numbers of one kind only ever grow: a row never replaces a copy of a greater one.
  std::uint64_t dataset = 0;
  Period validity;  ///< of the copies
};

/// One person of a load. A personal value as a whole.
struct LoadRow {
  std::uint32_t line = 0;  ///< where it stands, from 1
  AddressNumber person;
  bool removal = false;         ///< the copy is to be deleted; items are not looked at
  std::vector<CopyItem> items;  ///< ascending by number
};

/// What is wrong with a row.
struct RowFinding {
  std::uint32_t line = 0;
  Finding finding;

  friend bool operator==(const RowFinding&, const RowFinding&) = default;
};

/// The rows of a load, and what kept others from being rows.
struct LoadRows {
  std::vector<LoadRow> rows;
  std::vector<RowFinding> findings;
};

/// What a row registers.
CopyContent content_of(const Load& load, const LoadRow& row);

/// Everything that is wrong with the rows, by line: what kept some from being rows, what
/// does not fit `layout` (that of the load), and persons that come a second time. To be told
/// before anything is sent; what counts is how the node judges each copy.
std::vector<RowFinding> check_rows(const Load& load, const LoadRows& rows, const Layout& layout);

/// The rows whose person an earlier one of the load has under another number (統合宛名 made one
/// of two): `kPersonTwice`. `current`: under which number the person of each row stands today.
std::vector<RowFinding> check_persons(std::span<const LoadRow> rows,
                                      std::span<const AddressNumber> current);

// How a node judges -----------------------------------------------------------

/// Everything that is wrong with a copy that comes on `day`, by the layout it names:
/// `kUnknownKind` or `kLayoutNotInForce` when there is none, else as of `validate`.
std::vector<Finding> check_copy(const InformationKind& kind, const CopyContent& content,
                                const LayoutBook& book, Day day);

/// What comes of a copy, or of the removal of one, where the shelf has what it has.
enum class Effect : std::uint8_t {
  kRegistered,
  kReplaced,
  kDeleted,
  kUnchanged,  ///< registered just so already, or not there to be deleted
  kSuperseded  ///< what is registered came with a greater dataset, and stays
};

/// The effect of registering `copy` under `key`, its own. Opens the registered copy only
/// where the dataset is the same. Errors: those of `CopyShelf::find`.
Result<Effect> effect_of(const StoredCopy& copy, const HoldingKey& key, const CopyShelf& shelf,
                         crypto::TenantCipher& cipher);
/// The effect of a removal by the load `dataset`.
Effect effect_of_removal(const HoldingKey& key, std::uint64_t dataset, const CopyShelf& shelf);

/// Keys, ascending, of the copies that a full load (全件) of `copies` copies has left behind,
/// to be deleted at its end. None may be while not exactly so many copies of the dataset are
/// there, since the former copies of those that are missing would go with the rest.
/// Errors: `kRowConflict` with field "copies" (there are more or fewer), or "dataset" (one of
/// the kind came with a greater dataset).
Result<std::vector<HoldingKey>> plan_end(const InformationKind& kind, std::uint64_t dataset,
                                         std::uint64_t copies, const CopyShelf& shelf);

}  // namespace nakadachi::copies
