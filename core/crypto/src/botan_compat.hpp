#pragma once

/// The one place that knows what differs between Botan 2.19 (Debian 12) and
/// Botan 3 (Debian 13). Everything else in this room is the same code on both.

#include <botan/aead.h>
#include <botan/block_cipher.h>
#include <botan/ed25519.h>
#include <botan/exceptn.h>
#include <botan/hash.h>
#include <botan/kdf.h>
#include <botan/mac.h>
#include <botan/mem_ops.h>
#include <botan/pubkey.h>
#include <botan/pwdhash.h>
#include <botan/rng.h>
#include <botan/secmem.h>
#include <botan/version.h>

#if __has_include(<botan/x25519.h>)
#include <botan/x25519.h>
#else
#include <botan/curve25519.h>
#endif

#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/bytes.hpp"

namespace nakadachi::crypto::botan {

using Secret = Botan::secure_vector<std::uint8_t>;

#if BOTAN_VERSION_MAJOR >= 3
inline constexpr auto kEncrypt = Botan::Cipher_Dir::Encryption;
inline constexpr auto kDecrypt = Botan::Cipher_Dir::Decryption;
#else
inline constexpr auto kEncrypt = Botan::ENCRYPTION;
inline constexpr auto kDecrypt = Botan::DECRYPTION;
#endif

inline Secret to_secret(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// Runs what Botan refuses only when a caller broke its contract or when Botan
/// was built without an algorithm this project cannot do without. Both are bugs,
/// so the process ends.
template <class Action>
decltype(auto) must(Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const Botan::Exception&) {
    assertion_failed("Botan refused an operation that cannot fail", __FILE__, __LINE__);
  }
}

/// `Key` is Botan::Ed25519_PrivateKey. Newer 3.x name the constructor from a
/// seed and deprecate the bare one.
template <class Key = Botan::Ed25519_PrivateKey>
Key ed25519_from_seed(ByteView seed) {
  if constexpr (requires(Secret bytes) { Key::from_seed(bytes); }) {
    return Key::from_seed(to_secret(seed));
  } else {
    return Key(to_secret(seed));
  }
}

inline Secret hkdf(const Botan::KDF& kdf, std::size_t size, ByteView secret, ByteView info) {
#if BOTAN_VERSION_MAJOR >= 3
  return kdf.derive_key(size, secret, ByteView{}, info);
#else
  return kdf.derive_key(size, secret.data(), secret.size(), nullptr, 0, info.data(), info.size());
#endif
}

}  // namespace nakadachi::crypto::botan
