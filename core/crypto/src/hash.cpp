#include "nakadachi/crypto/hash.hpp"

#include <array>
#include <string_view>

#include "botan_compat.hpp"
#include "nakadachi/base/assert.hpp"

namespace nakadachi::crypto {
namespace {

Botan::HashFunction& kept_sha256() {
  // Making the object allocates and looks its name up; a finished hash is ready
  // for the next message.
  thread_local const auto hash =
      botan::must([] { return Botan::HashFunction::create_or_throw("SHA-256"); });
  return *hash;
}

Digest finish(Botan::Buffered_Computation& computation, std::initializer_list<ByteView> parts) {
  return botan::must([&] {
    Digest digest;
    for (const ByteView part : parts) computation.update(part.data(), part.size());
    computation.final(digest.writable().data());
    return digest;
  });
}

}  // namespace

Digest sha256(std::initializer_list<ByteView> parts) { return finish(kept_sha256(), parts); }

struct KeyedHash::Impl {
  std::unique_ptr<Botan::MessageAuthenticationCode> mac;
};

KeyedHash::KeyedHash(const SecretBytes& key) : impl_(std::make_unique<Impl>()) {
  botan::must([&] {
    impl_->mac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
    impl_->mac->set_key(key.view().data(), key.size());
  });
}

KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;
KeyedHash& KeyedHash::operator=(KeyedHash&&) noexcept = default;
KeyedHash::~KeyedHash() = default;

Digest KeyedHash::operator()(std::initializer_list<ByteView> parts) {
  return finish(*impl_->mac, parts);
}

Digest KeyedHash::framed(std::initializer_list<ByteView> parts) {
  return botan::must([&] {
    Digest digest;
    for (const ByteView part : parts) {
      NAKADACHI_ASSERT(part.size() <= UINT32_MAX);
      std::array<std::uint8_t, 4> size{};
      for (std::size_t i = 0; i < size.size(); ++i) {
        size[i] = static_cast<std::uint8_t>(part.size() >> (8 * (size.size() - 1 - i)));
      }
      impl_->mac->update(size.data(), size.size());
      impl_->mac->update(part.data(), part.size());
    }
    impl_->mac->final(digest.writable().data());
    return digest;
  });
}

SecretBytes derive_key(const SecretBytes& secret, std::string_view info, ByteView context,
                       std::size_t size) {
  // The zero byte keeps texts and contexts apart; it can be left out where
  // there is no context because texts hold none.
  NAKADACHI_ASSERT(info.find('\0') == std::string_view::npos);
  Bytes label;
  label.reserve(info.size() + 1 + context.size());
  append(label, as_bytes(info));
  if (!context.empty()) {
    label.push_back(0);
    append(label, context);
  }
  return botan::must([&] {
    const auto kdf = Botan::KDF::create_or_throw("HKDF(SHA-256)");
    return SecretBytes(ByteView(botan::hkdf(*kdf, size, secret.view(), label)));
  });
}

bool equal_in_constant_time(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && Botan::constant_time_compare(a.data(), b.data(), a.size());
}

}  // namespace nakadachi::crypto
