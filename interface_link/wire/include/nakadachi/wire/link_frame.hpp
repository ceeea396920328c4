#pragma once

#include <memory>
#include <span>
#include <vector>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/exchange/messages.hpp"

/// Frames between node, gateway and national system
/// (proto/nakadachi/v1/link.proto, docs/protocol/frames.md).
namespace nakadachi::wire {

/// A statement with everything its receiver needs to believe it. Headers and
/// delegations are shared between items; a frame carries each of them once.
struct LinkItem {
  exchange::StatementKind kind = exchange::StatementKind::kInquiry;
  InstitutionCode to;  ///< where it goes; institution 0 is the core system
  Bytes statement;
  Salt salt;
  crypto::InclusionPath path;
  std::shared_ptr<const crypto::BatchHeader> batch;      ///< never null
  std::shared_ptr<const crypto::Delegation> delegation;  ///< null when the core signed
};

/// More than twice the bodies there are in Japan times the institutions of each.
inline constexpr std::size_t kMaxHelloInstitutions = 65'536;

/// What a connection says first and again after every reconnect: the
/// institutions whose items are to come this way.
struct Hello {
  std::vector<InstitutionCode> institutions;  ///< at most `kMaxHelloInstitutions`

  friend bool operator==(const Hello&, const Hello&) = default;
};

struct LinkFrame {
  std::vector<Hello> hellos;  ///< at most one
  std::vector<LinkItem> items;
};

/// Encodes as few frames as the limits allow, in order
/// (limits::kMaxLinkFrameBytes, kMaxItemsPerLinkFrame). Equal headers and
/// delegations stand once in a frame. An item outside the limits is a bug.
std::vector<Bytes> encode_link_frames(std::span<const LinkItem> items);
Bytes encode_hello(const Hello& hello);

/// Errors: `kOversize` (before parsing), `kMalformedFrame`, `kUnsupportedVersion`,
/// `kTooManyItems`, `kWrongLength`, `kUnknownEnumValue`, `kMissingField` (also for
/// a header the frame does not hold); the position is that of the item. A frame is taken whole or
/// not at all. Nothing is verified here but the form.
Result<LinkFrame> decode_link_frame(ByteView frame);

}  // namespace nakadachi::wire
