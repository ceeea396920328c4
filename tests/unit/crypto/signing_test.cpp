#include "nakadachi/crypto/signing.hpp"

#include <botan/ed25519.h>
#include <botan/pubkey.h>

#include <thread>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

struct Vector {
  std::string_view seed;
  std::string_view key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"}};

TEST_CASE("Ed25519 keys and signatures are those of RFC 8032") {
  const Vector& each = kVectors[GENERATE(0, 1, 2)];
  const Ed25519Signer signer(secret(each.seed));
  const Ed25519Verifier verifier;
  CHECK(to_hex(signer.public_key().view()) == each.key);
  const Signature signature = signer.sign(hex(each.message));
  CHECK(to_hex(signature.view()) == each.signature);
  CHECK(verifier.verify(signer.public_key(), hex(each.message), signature));
}

TEST_CASE("a signature is refused for another message, key or with any changed bit") {
  const Ed25519Signer signer(filled_secret(1));
  const Ed25519Signer other(filled_secret(2));
  const Ed25519Verifier verifier;
  const Signature signature = signer.sign(as_bytes("message"));
  CHECK_FALSE(verifier.verify(signer.public_key(), as_bytes("massage"), signature));
  CHECK_FALSE(verifier.verify(signer.public_key(), as_bytes("message "), signature));
  CHECK_FALSE(verifier.verify(other.public_key(), as_bytes("message"), signature));
  for (std::size_t bit = 0; bit < 8 * Signature::kSize; ++bit) {
    Signature changed = signature;
    changed.writable()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_FALSE(verifier.verify(signer.public_key(), as_bytes("message"), changed));
  }
  for (std::size_t bit = 0; bit < 8 * PublicKey::kSize; ++bit) {
    PublicKey changed = signer.public_key();
    changed.writable()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_FALSE(verifier.verify(changed, as_bytes("message"), signature));
  }
}

/// Adds the group order to the second number of a signature.
Signature malleated(const Signature& signature) {
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Signature changed = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = changed.writable()[32 + i] + order[i] + carry;
    changed.writable()[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  return changed;
}

TEST_CASE("a signature cannot be turned into another one of the same message") {
  const Ed25519Signer signer(filled_secret(1));
  const Signature signature = signer.sign(as_bytes("message"));
  const Signature twin = malleated(signature);
  REQUIRE(twin != signature);
  CHECK_FALSE(Ed25519Verifier().verify(signer.public_key(), as_bytes("message"), twin));
}

TEST_CASE("keys of low order, a forgotten one among them, verify nothing") {
  const std::string_view keys[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  // R the neutral point and S zero: under a key of low order this is a signature of
  // one message in eight or better.
  Signature forged;
  forged.writable()[0] = 1;
  int taken_by_botan = 0;
  for (const std::string_view text : keys) {
    for (const bool sign : {false, true}) {
      auto key = fixed<PublicKey>(text);
      if (sign) key.writable()[31] ^= 0x80;
      for (std::uint8_t message = 0; message < 32; ++message) {
        const ByteView view(&message, 1);
        CHECK_FALSE(Ed25519Verifier().verify(key, view, forged));
        const Botan::Ed25519_PublicKey bare(key.view().data(), 32);
        Botan::PK_Verifier check(bare, "Pure");
        if (check.verify_message(view.data(), 1, forged.view().data(), 64)) ++taken_by_botan;
      }
    }
  }
  // Otherwise the forgeries above prove nothing.
  CHECK(taken_by_botan > 0);
}

TEST_CASE("seeds are made from the randomness handed in") {
  SeededRandom random(1);
  SeededRandom same(1);
  const SecretBytes seed = Ed25519Signer::make_seed(random);
  CHECK(seed.size() == Ed25519Signer::kSeedSize);
  CHECK(to_hex(seed.view()) == to_hex(Ed25519Signer::make_seed(same).view()));
  CHECK(to_hex(seed.view()) != to_hex(Ed25519Signer::make_seed(random).view()));
}

TEST_CASE("threads share a signer") {
  const Ed25519Signer signer(filled_secret(1));
  const Signature expected = signer.sign(as_bytes("message"));
  bool same[4] = {};
  std::vector<std::thread> threads;
  for (bool& result : same) {
    threads.emplace_back([&] {
      result = true;
      for (int i = 0; i < 50; ++i) result = result && signer.sign(as_bytes("message")) == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK((same[0] && same[1] && same[2] && same[3]));
}

}  // namespace
}  // namespace nakadachi::crypto::test
