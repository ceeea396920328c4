#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/error.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/signing.hpp"
#include "nakadachi/records/log_entry.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/storage/exchange_store.hpp"

/// A body's log as it is stored, gone through without any key (docs/records.md).
namespace nakadachi::apps {

/// Trains of one signer among those a log was written by, in the order of the log.
struct SignerSpan {
  PublicKey signer;
  std::uint64_t trains = 0;
  Timestamp first_signed_at;
  Timestamp last_signed_at;
  friend bool operator==(const SignerSpan&, const SignerSpan&) = default;
};

struct LogCheckOptions {
  /// Keys that may have signed; empty: any.
  std::vector<PublicKey> signers;
  /// A head of this log that was kept elsewhere.
  std::optional<records::LogHead> kept_head;
  /// Also read the leaves of the other bodies in the last train, without which its root
  /// cannot be made again.
  bool last_root = true;
  std::size_t page = 1'000;
  /// Told now and then how many entries were read.
  std::function<void(std::uint64_t)> on_progress;
};

struct LogCheck {
  /// What is wrong first; nothing when the log is good.
  std::optional<Error> wrong;
  std::uint64_t entries = 0;  ///< read until then
  records::LogHead head;      ///< the last one that agreed
  bool root_checked = false;  ///< that head is under the last train's signature
  std::vector<SignerSpan> signers;
};

/// Goes through the whole log. Checked: that numbers are without gaps; that the entries
/// make every head their trains state; each train's signature; that the last train's root
/// was made with its head, and so covers the log
/// (where `last_root` is set); the kept head. Not checked: that
/// statements are those of their leaves, which takes their bodies' keys, and who had
/// delegated to the signers.
///
/// `wrong` holds an error of `records::LogAudit`, `kSignatureInvalid` (a train's),
/// `kUnknownKey` (not among `signers`), `kHeadNotInTrain` (the last train's root is not
/// made with this head), each with entry and train in the detail. Errors: those of the store.
Result<LogCheck> check_log(storage::ExchangeStore& store, TenantId tenant,
                           const crypto::Verifier& verifier, const LogCheckOptions& options);

/// SIZE:ROOT with the root in hexadecimal. Errors: `kWrongFormat` with field "kept-head".
Result<records::LogHead> parse_head(TenantId tenant, std::string_view text);
std::string text_of(const records::LogHead& head);

nlohmann::json log_check_json(const LogCheck& check);
std::string log_check_text(const LogCheck& check, Language language);

/// What an entry is: asked, provided, a change of a copy, and so on.
std::string what_of(const records::LogEntry& entry, Language language);
/// Its outcome, - where there is none.
std::string outcome_of(const records::LogEntry& entry, Language language);

/// Clear columns of an entry: number, day, what it is, outcome, cause and units.
nlohmann::json entry_json(const records::LogEntry& entry);
std::string entry_line(const records::LogEntry& entry, Language language);
/// The line above such lines.
std::string entry_heading(Language language);

}  // namespace nakadachi::apps
