#include "nakadachi/crypto/signed_batch.hpp"

#include <string_view>

#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {
namespace {

constexpr std::string_view kText = "nakadachi batch v1";
constexpr std::size_t kSignedSize =
    kText.size() + 1 + PublicKey::kSize + 2 + 8 + 8 + 4 + Digest::kSize + 8;

}  // namespace

Bytes signed_bytes(const BatchHeader& header) {
  Bytes bytes;
  bytes.reserve(kSignedSize);
  append(bytes, as_bytes(kText));
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(header.purpose));
  append(bytes, header.signer.view());
  append_big_endian<2>(bytes, header.lane.value);
  append_big_endian<8>(bytes, header.epoch.value);
  append_big_endian<8>(bytes, header.number.value);
  append_big_endian<4>(bytes, header.size);
  append(bytes, header.root.view());
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(header.signed_at.ms));
  return bytes;
}

void sign_batch(BatchHeader& header, const Signer& signer) {
  header.signer = signer.public_key();
  header.signature = signer.sign(signed_bytes(header));
}

Result<void> BatchVerifier::check(const BatchHeader& header) {
  const Bytes bytes = signed_bytes(header);
  const Digest seen = sha256({bytes, header.signature.view()});
  if (good_.contains(seen)) return {};
  if (!verifier_->verify(header.signer, bytes, header.signature)) {
    return Error{.code = ErrorCode::kSignatureInvalid, .field = "batch"};
  }
  if (order_.size() >= kRemembered) {
    good_.erase(order_.front());
    order_.pop_front();
  }
  good_.insert(seen);
  order_.push_back(seen);
  return {};
}

}  // namespace nakadachi::crypto
