#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/change.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/copies/validation.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::copies {

enum class LoadSort : std::uint8_t {
  kDifferential = 1,  ///< 差分: what is not in it stays
  kFull = 2           ///< 全件: what is not in it is deleted at its end
};

/// What holds for all rows of a load (副本登録) of one kind of information.
struct Load {
  LoadSort sort = LoadSort::kDifferential;
  InformationKind kind;
  std::uint16_t layout_version = 0;
  /// Numbers of one kind only ever grow: a row never replaces a copy of a greater one.
  std::uint64_t dataset = 0;
  Period validity;  ///< of the copies
  Day day;          ///< on which the load is given; its layout has to hold on that day
  /// False: a part with an invalid row changes nothing.
  bool skip_invalid = false;
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

/// The rows of a load or of a part of it, and what kept others from being rows.
struct LoadRows {
  std::vector<LoadRow> rows;
  std::vector<RowFinding> findings;
};

/// One change that a load asks for.
struct PlannedChange {
  HoldingKey key;
  Operation operation = Operation::kRegister;  ///< or `kReplace`, `kDelete`
  std::size_t row = 0;                         ///< its place in the rows

  friend bool operator==(const PlannedChange&, const PlannedChange&) = default;
};

/// How many rows are of which sort. They add up to all rows.
struct LoadCounts {
  std::size_t registered = 0;
  std::size_t replaced = 0;
  std::size_t deleted = 0;
  std::size_t unchanged = 0;   ///< registered just so already, or not there to be deleted
  std::size_t superseded = 0;  ///< what is registered has a greater dataset
  std::size_t invalid = 0;

  friend bool operator==(const LoadCounts&, const LoadCounts&) = default;
};

/// What a load, or a part of it, would do.
struct LoadPlan {
  std::vector<PlannedChange> changes;  ///< in the order of the rows; none when refused
  std::vector<RowFinding> findings;    ///< by line
  LoadCounts counts;                   ///< also when refused: what the rows would have done
  bool refused = false;                ///< there are invalid rows, and they were not to be skipped
};

/// Compares the rows with what the institution of `shelf` has registered. Changes
/// nothing itself. A load may come in parts of any size, with all of a person in one
/// of them, each planned when the changes of the former ones are on the shelf; given
/// again, a part changes nothing more. Copies are opened only where the dataset is
/// the same.
/// Errors: `kUnknownEnumValue` with field "layout_version" (no such layout of the
/// kind, or it does not hold on `load.day`), `kWrongFormat` with field "validity"
/// (it ends before it begins), those of `open_copy`.
Result<LoadPlan> plan_load(const Load& load, const LoadRows& rows, const LayoutBook& book,
                           const CopyShelf& shelf, crypto::TenantCipher& cipher);

/// What a row registers.
CopyContent content_of(const Load& load, const LoadRow& row);

/// Keys of the copies to be deleted when every part of a load is on the shelf: those
/// a full load has left behind. None for a differential load, and none when a row was
/// invalid, since the former copy of that person would go with them; the load is to
/// be given again with that row mended.
std::vector<HoldingKey> plan_end(const Load& load, std::size_t invalid_rows,
                                 const CopyShelf& shelf);

}  // namespace nakadachi::copies
