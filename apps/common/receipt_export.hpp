#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/common/record_reader.hpp"

namespace nakadachi::apps {

struct ExportOptions {
  std::uint64_t from = 0;                                           ///< the first entry
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< the most receipts
  std::size_t page = 1'000;
  std::function<void(std::uint64_t)> on_progress;  ///< told how many entries were read
};

struct ReceiptExport {
  /// What of the log is not what was signed: no file was made. The detail names the first entry
  /// that cannot be proved; a changed one takes the proof from all of its train.
  std::optional<Error> wrong;
  std::uint64_t receipts = 0;
  std::uint64_t changes = 0;  ///< passed over
  std::uint64_t next = 0;     ///< the first entry that was not read
};

/// Writes the receipts of a body's steps into a new file (`NewFile`), each checked. Errors:
/// `kFileProblem`; `kMissingField` when there is no receipt to write: no file was made; those of
/// the store; `kKeyUnavailable`.
Result<ReceiptExport> export_receipts(storage::ExchangeStore& store, RecordReader& reader,
                                      const std::string& path, const ExportOptions& options);

nlohmann::json export_json(const ReceiptExport& done);
std::string export_text(const ReceiptExport& done, Language language);

}  // namespace nakadachi::apps
