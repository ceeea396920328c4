#pragma once

#include <optional>
#include <string>

#include "nakadachi/crypto/sealing.hpp"
#include "nakadachi/exchange/messages.hpp"

/// Statements ⇄ bytes (proto/nakadachi/v1/statements.proto). Decoders accept any
/// bytes: errors `kMalformedFrame`, `kWrongLength`, `kWrongFormat`,
/// `kUnknownEnumValue`, `kMissingField`, `kOversize`, `kPersonalNumberPresent`
/// (in the free-text section), each naming the field. Unknown protobuf fields are
/// refused (`kUnsupportedVersion`): a statement that is signed and stored must be
/// understood as a whole. Stateless, thread-safe.
namespace nakadachi::wire {

Bytes encode(const exchange::Inquiry& inquiry);
Bytes encode(const exchange::Permit& permit);
Bytes encode(const exchange::Refusal& refusal);
Bytes encode(const exchange::Provision& provision);
Bytes encode(const exchange::Conclusion& conclusion);
Bytes encode(const exchange::StatusQuery& query);
Bytes encode(const exchange::StatusReply& reply);
Bytes encode(const exchange::SymbolNotice& notice);
Bytes encode(const exchange::SymbolReceipt& receipt);
Bytes encode(const exchange::AcquisitionRequest& request);

Result<exchange::Inquiry> decode_inquiry(ByteView statement);
Result<exchange::Permit> decode_permit(ByteView statement);
Result<exchange::Refusal> decode_refusal(ByteView statement);
Result<exchange::Provision> decode_provision(ByteView statement);
Result<exchange::Conclusion> decode_conclusion(ByteView statement);
Result<exchange::StatusQuery> decode_status_query(ByteView statement);
Result<exchange::StatusReply> decode_status_reply(ByteView statement);
Result<exchange::SymbolNotice> decode_symbol_notice(ByteView statement);
Result<exchange::SymbolReceipt> decode_symbol_receipt(ByteView statement);
Result<exchange::AcquisitionRequest> decode_acquisition_request(ByteView statement);

/// SHA-256("nakadachi request v1" ‖ statement of the inquiry): the name by which
/// everybody speaks of a request.
Digest request_hash(ByteView inquiry_statement);
/// SHA-256("nakadachi permit v1" ‖ statement of the permit).
Digest permit_hash(ByteView permit_statement);

/// ephemeral key (32 bytes) ‖ nonce (12) ‖ ciphertext with tag.
Bytes encode(const crypto::SealedAnswer& answer);
/// Errors: `kWrongLength`.
Result<crypto::SealedAnswer> decode_sealed_answer(ByteView bytes);

/// What the sealed column of a step row holds (proto/nakadachi/v1/stored.proto).
struct StoredContent {
  Bytes statement;
  /// Asked and concluded: SHA-256 over caller and query, to tell a replay from
  /// another question under the same key.
  Digest content_hash;
  RequestKey key;            ///< asked and concluded: the caller's
  std::uint32_t system = 0;  ///< asked and concluded: the caller
  Bytes answer;              ///< concluded with an answer: the opened one, for replays
  std::string who;           ///< provided after a hold: who decided, at most limits::kMaxWhoBytes
  std::string why;           ///< and why, at most limits::kMaxWhyBytes
  /// Asked and held within one body, or refused, where no symbol names the person.
  std::optional<AddressNumber> within_body;
  /// Provided: the permit (the provision names it by its hash), so that the record says
  /// what was asked, by whom, when and by what right (施行令 30条).
  Bytes permit;
  /// Asked: the item of the table by which it was judged; 0: none.
  std::uint16_t legal_item = 0;

  friend bool operator==(const StoredContent&, const StoredContent&) = default;
};
Bytes encode(const StoredContent& content);
Result<StoredContent> decode_stored_content(ByteView bytes);

}  // namespace nakadachi::wire
