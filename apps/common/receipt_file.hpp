#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/records/receipt.hpp"

/// Receipts as a file: one JSON object a line, each proves itself. docs/records.md.
namespace nakadachi::apps {

/// No receipt makes a longer line: its statement and its paths have their greatest sizes.
inline constexpr std::size_t kMaxReceiptLine = 256 * 1024;

/// The one way to write a receipt, without the line's end.
std::string receipt_line(const records::Receipt& receipt);

/// Reads what `receipt_line` wrote, and nothing else. Proves nothing: `records::check` does.
/// Errors, with the member as field: `kOversize` (the line), `kMissingField`, `kWrongFormat` (no
/// hexadecimal, no list, no number), `kWrongLength`, `kTooManyItems` (a path), those of
/// `records::decode_entry`, `kUnsupportedVersion`, `kUnknownEnumValue` (a batch of no known
/// purpose); `kWrongFormat` with field "line" for whatever else is no line that is ever written,
/// further members and spaces among them.
Result<records::Receipt> parse_receipt_line(std::string_view line);

/// Receipts of one signer under one institution's delegations.
struct ReceiptSigner {
  std::uint64_t receipts = 0;
  Timestamp first_signed_at;
  Timestamp last_signed_at;
  friend bool operator==(const ReceiptSigner&, const ReceiptSigner&) = default;
};

struct ReceiptsCheck {
  /// The first line that is wrong, from 1, as the position; nothing when all are good.
  std::optional<Error> wrong;
  std::uint64_t good = 0;  ///< before it
  /// What they lead to: roots by body and size of its log.
  std::map<std::pair<TenantId, std::uint64_t>, Digest> heads;
  std::map<std::pair<InstitutionCode, PublicKey>, ReceiptSigner> signers;
};

/// Checks the receipts of a file, each for itself (`records::check`), and whether two heads
/// of one size have the same root. `wrong` is an error of `parse_receipt_line`, of
/// `records::check`, `kLogForked`, or, of a last line without its end, `kWrongFormat`.
/// Errors: `kFileProblem`; `kMissingField` when the file holds no line.
Result<ReceiptsCheck> check_receipts(const std::string& path, const crypto::Registry& registry);

nlohmann::json receipts_check_json(const ReceiptsCheck& check);
std::string receipts_check_text(const ReceiptsCheck& check, Language language);

}  // namespace nakadachi::apps
