#include "nakadachi/crypto/signing.hpp"

#include <algorithm>
#include <array>

#include "botan_compat.hpp"
#include "nakadachi/base/assert.hpp"

namespace nakadachi::crypto {
namespace {

using Encoded = std::array<std::uint8_t, 32>;

/// y = 0 … 0 with the first and last byte given, or all ff between them.
constexpr Encoded encoded(std::uint8_t first, std::uint8_t middle, std::uint8_t last) {
  Encoded made{};
  made.fill(middle);
  made.front() = first;
  made.back() = last;
  return made;
}

/// Every encoding, canonical or not, of the eight points of low order, without
/// the sign bit. Under such a "key" anybody can make signatures; all zero, what
/// a forgotten key looks like, is one of them.
constexpr std::array<Encoded, 7> kLowOrder{
    encoded(0x00, 0x00, 0x00),  // y = 0, order 4
    encoded(0x01, 0x00, 0x00),  // y = 1, order 1
    encoded(0xec, 0xff, 0x7f),  // y = -1, order 2
    encoded(0xed, 0xff, 0x7f),  // y = p, order 4
    encoded(0xee, 0xff, 0x7f),  // y = p + 1, order 1
    Encoded{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
            0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
            0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},  // order 8
    Encoded{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
            0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
            0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};  // order 8

/// The order L of the base point, least significant byte first.
constexpr Encoded kGroupOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,  //
                              0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,  //
                              0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  //
                              0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10};

bool is_low_order(const PublicKey& key) {
  Encoded bytes{};
  std::copy(key.view().begin(), key.view().end(), bytes.begin());
  bytes.back() &= 0x7f;
  return std::find(kLowOrder.begin(), kLowOrder.end(), bytes) != kLowOrder.end();
}

/// RFC 8032 5.1.7: the second half of a signature is a number below L. Botan 2
/// checks its upper bits only, and would take a second signature made of a first one.
bool is_canonical(const Signature& signature) {
  const ByteView s = signature.view().last(kGroupOrder.size());
  return std::lexicographical_compare(s.rbegin(), s.rend(), kGroupOrder.rbegin(),
                                      kGroupOrder.rend());
}

}  // namespace

struct Ed25519Signer::Impl {
  explicit Impl(ByteView seed) : key(botan::ed25519_from_seed(seed)) {
    const auto bits = key.public_key_bits();
    const auto parsed = PublicKey::from(bits);
    NAKADACHI_ASSERT(parsed.has_value());
    public_key = *parsed;
  }
  Botan::Ed25519_PrivateKey key;
  PublicKey public_key;
};

Ed25519Signer::Ed25519Signer(const SecretBytes& seed) {
  NAKADACHI_ASSERT(seed.size() == kSeedSize);
  impl_ = botan::must([&] { return std::make_unique<Impl>(seed.view()); });
}

Ed25519Signer::~Ed25519Signer() = default;

SecretBytes Ed25519Signer::make_seed(Random& random) {
  SecretBytes seed(kSeedSize);
  random.fill(seed.writable());
  return seed;
}

const PublicKey& Ed25519Signer::public_key() const noexcept { return impl_->public_key; }

Signature Ed25519Signer::sign(ByteView message) const {
  return botan::must([&] {
    // Ed25519 signatures are deterministic: the generator is never asked. The
    // operation is made anew (under 1 % of the signature) so that threads share
    // the key alone and never wait for each other.
    Botan::Null_RNG none;
    Botan::PK_Signer operation(impl_->key, none, "Pure");
    const auto bytes = operation.sign_message(message.data(), message.size(), none);
    const auto signature = Signature::from(bytes);
    NAKADACHI_ASSERT(signature.has_value());
    return *signature;
  });
}

bool Ed25519Verifier::verify(const PublicKey& key, ByteView message,
                             const Signature& signature) const {
  if (is_low_order(key) || !is_canonical(signature)) return false;
  try {
    const Botan::Ed25519_PublicKey parsed(key.view().data(), PublicKey::kSize);
    Botan::PK_Verifier operation(parsed, "Pure");
    return operation.verify_message(message.data(), message.size(), signature.view().data(),
                                    Signature::kSize);
  } catch (const Botan::Exception&) {
    return false;  // a key that is no point of the curve, where Botan says so by throwing
  }
}

}  // namespace nakadachi::crypto
