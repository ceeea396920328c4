#include "nakadachi/crypto/sealing.hpp"

#include <functional>
#include <set>

#include "nakadachi/crypto/hash.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

// RFC 7748 6.1.
constexpr std::string_view kAlice =
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
constexpr std::string_view kBob =
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
constexpr std::string_view kShared =
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

constexpr Timestamp kNow{1'700'000'000'000};

AnswerBinding some_binding() {
  return {.permit_hash = filled<Digest>(0x11),
          .request_hash = filled<Digest>(0x22),
          .provider = institution(2),
          .asker = institution(1)};
}

/// Hands out the bytes it was given, then zeros.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_ < bytes_.size() ? bytes_[next_++] : 0;
  }

 private:
  Bytes bytes_;
  std::size_t next_ = 0;
};

bool is_refused(AnswerOpener& opener, const SealedAnswer& sealed, const AnswerBinding& binding) {
  const auto opened = opener.open(sealed, binding);
  return !opened.ok() && opened.error().code == ErrorCode::kSealedToAnother;
}

TEST_CASE("key pairs and agreement are those of RFC 7748") {
  const SealingKey alice(secret(kAlice));
  const SealingKey bob(secret(kBob));
  CHECK(to_hex(alice.public_key().view()) ==
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  CHECK(to_hex(bob.public_key().view()) ==
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  Bytes context;
  append(context, alice.public_key().view());
  append(context, bob.public_key().view());
  const auto expected =
      to_hex(derive_key(secret(kShared), "nakadachi answer v1", context, 32).view());
  const auto at_alice = alice.agree(bob.public_key(), alice.public_key(), bob.public_key());
  const auto at_bob = bob.agree(alice.public_key(), alice.public_key(), bob.public_key());
  CHECK(to_hex(at_alice.value().view()) == expected);
  CHECK(to_hex(at_bob.value().view()) == expected);
  // The roles are part of the key.
  const auto swapped = bob.agree(alice.public_key(), bob.public_key(), alice.public_key());
  CHECK(to_hex(swapped.value().view()) != expected);
}

TEST_CASE("sealed answers are those of another implementation") {
  FixedRandom random(run(64, 32));
  AnswerSealer sealer(random);
  const SealingKey bob(secret(kBob));
  const auto first =
      sealer.seal(bob.public_key(), some_binding(), as_bytes("answer"), kNow).value();
  CHECK(to_hex(first.ephemeral.view()) ==
        "79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a");
  CHECK(to_hex(first.nonce.view()) == "000000000000000000000000");
  CHECK(to_hex(first.ciphertext) == "e5c78cb4311a3a176d1abee098e0ddd730697d06e355");
  const auto next = sealer.seal(bob.public_key(), some_binding(), as_bytes("answer"), kNow).value();
  CHECK(next.ephemeral == first.ephemeral);
  CHECK(to_hex(next.nonce.view()) == "000000000000000000000001");
  CHECK(to_hex(next.ciphertext) == "aa28fd7fa20cf5278be39fcb0929a2d5cbcf469bd75f");
}

TEST_CASE("points of low order are refused") {
  const SealingKey key(secret(kAlice));
  SeededRandom random(1);
  AnswerSealer sealer(random);
  AnswerOpener opener(key);
  for (const std::string_view text :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto point = fixed<SealingPublicKey>(text);
    const auto agreed = key.agree(point, point, point);
    REQUIRE_FALSE(agreed.ok());
    CHECK(agreed.error().code == ErrorCode::kSealBroken);
    const auto sealed = sealer.seal(point, some_binding(), as_bytes("answer"), kNow);
    REQUIRE_FALSE(sealed.ok());
    CHECK(sealed.error().code == ErrorCode::kSealBroken);
    SealedAnswer shown{.ephemeral = point, .nonce = {}, .ciphertext = Bytes(40)};
    CHECK(is_refused(opener, shown, some_binding()));
  }
}

TEST_CASE("an answer opens for its institution alone") {
  SeededRandom random(1);
  const SealingKey ours(SealingKey::make_secret(random));
  const SealingKey theirs(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  AnswerOpener opener(ours);
  AnswerOpener other(theirs);
  for (const std::size_t size : {0U, 1U, 300U, 65'536U}) {
    const Bytes plain(size, 0x42);
    const auto sealed = sealer.seal(ours.public_key(), some_binding(), plain, kNow).value();
    CHECK(opener.open(sealed, some_binding()).value() == plain);
    CHECK(is_refused(other, sealed, some_binding()));
  }
}

TEST_CASE("every field of the binding matters") {
  SeededRandom random(1);
  const SealingKey key(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  AnswerOpener opener(key);
  const auto sealed =
      sealer.seal(key.public_key(), some_binding(), as_bytes("answer"), kNow).value();
  const std::function<void(AnswerBinding&)> changes[] = {
      [](AnswerBinding& b) { b.permit_hash.writable()[31] ^= 1; },
      [](AnswerBinding& b) { b.request_hash.writable()[0] ^= 1; },
      [](AnswerBinding& b) { b.provider = institution(3); },
      [](AnswerBinding& b) { b.asker = institution(3); },
      [](AnswerBinding& b) { std::swap(b.provider, b.asker); },
      [](AnswerBinding& b) { std::swap(b.permit_hash, b.request_hash); }};
  // Once for a new session, once for a kept one.
  for (int round = 0; round < 2; ++round) {
    for (const auto& change : changes) {
      AnswerBinding binding = some_binding();
      change(binding);
      CHECK(is_refused(opener, sealed, binding));
    }
    CHECK(opener.open(sealed, some_binding()).ok());
  }
}

TEST_CASE("a sealed answer with any bit changed or cut is refused") {
  SeededRandom random(1);
  const SealingKey key(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  AnswerOpener opener(key);
  const auto sealed =
      sealer.seal(key.public_key(), some_binding(), as_bytes("answer"), kNow).value();
  REQUIRE(opener.open(sealed, some_binding()).ok());
  const auto flip = [](std::span<std::uint8_t> bytes, std::size_t bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  };
  // X25519 ignores the highest bit of a point (RFC 7748 5), but both points as they
  // stand are part of the key, so that bit cannot be changed either.
  for (std::size_t bit = 0; bit < 8 * SealingPublicKey::kSize; ++bit) {
    SealedAnswer changed = sealed;
    flip(changed.ephemeral.writable(), bit);
    CHECK(is_refused(opener, changed, some_binding()));
  }
  for (std::size_t bit = 0; bit < 8 * Aead::kNonceSize; ++bit) {
    SealedAnswer changed = sealed;
    flip(changed.nonce.writable(), bit);
    CHECK(is_refused(opener, changed, some_binding()));
  }
  for (std::size_t bit = 0; bit < 8 * sealed.ciphertext.size(); ++bit) {
    SealedAnswer changed = sealed;
    flip(changed.ciphertext, bit);
    CHECK(is_refused(opener, changed, some_binding()));
  }
  for (std::size_t size = 0; size < sealed.ciphertext.size(); ++size) {
    SealedAnswer changed = sealed;
    changed.ciphertext.resize(size);
    const auto opened = opener.open(changed, some_binding());
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code ==
          (size < Aead::kTagSize ? ErrorCode::kWrongLength : ErrorCode::kSealedToAnother));
  }
}

TEST_CASE("a session ends after ten minutes, also when the clock was set back") {
  SeededRandom random(1);
  const SealingKey key(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  const auto ephemeral_at = [&](Timestamp at) {
    return sealer.seal(key.public_key(), some_binding(), {}, at).value().ephemeral;
  };
  const auto first = ephemeral_at(kNow);
  CHECK(ephemeral_at(kNow + (AnswerSealer::kSessionMs - 1)) == first);
  CHECK(ephemeral_at(kNow - 1000) == first);
  const auto second = ephemeral_at(kNow + AnswerSealer::kSessionMs);
  CHECK(second != first);
  CHECK(ephemeral_at(kNow + AnswerSealer::kSessionMs) == second);
  CHECK(ephemeral_at(kNow) != second);
}

TEST_CASE("a session ends after a million answers and repeats no nonce until then") {
  SeededRandom random(1);
  const SealingKey key(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  AnswerOpener opener(key);
  const auto first = sealer.seal(key.public_key(), some_binding(), {}, kNow).value();
  Aead::Nonce last = first.nonce;
  for (std::uint64_t i = 1; i < AnswerSealer::kSessionAnswers; ++i) {
    const auto sealed = sealer.seal(key.public_key(), some_binding(), {}, kNow).value();
    if (sealed.ephemeral != first.ephemeral || sealed.nonce <= last) FAIL("answer " << i);
    last = sealed.nonce;
  }
  const auto next = sealer.seal(key.public_key(), some_binding(), {}, kNow).value();
  CHECK(next.ephemeral != first.ephemeral);
  CHECK(next.nonce == Aead::Nonce{});
  CHECK(opener.open(next, some_binding()).ok());
  CHECK(opener.open(first, some_binding()).ok());
}

TEST_CASE("sealer and opener serve more sessions than they keep") {
  SeededRandom random(1);
  const SealingKey key(SealingKey::make_secret(random));
  AnswerSealer sealer(random);
  AnswerOpener opener(key);
  std::vector<SealingPublicKey> recipients;
  std::vector<SealingPublicKey> ephemerals;
  for (std::size_t i = 0; i <= AnswerSealer::kSessions; ++i) {
    recipients.push_back(SealingKey(SealingKey::make_secret(random)).public_key());
    const Timestamp at = kNow + static_cast<std::int64_t>(i);
    ephemerals.push_back(sealer.seal(recipients[i], some_binding(), {}, at).value().ephemeral);
    // A sealer of its own for each: a new session for the opener.
    AnswerSealer fresh(random);
    const auto sealed = fresh.seal(key.public_key(), some_binding(), as_bytes("a"), at).value();
    REQUIRE(opener.open(sealed, some_binding()).ok());
  }
  const Timestamp later = kNow + 5000;
  const auto ephemeral_of = [&](std::size_t i) {
    return sealer.seal(recipients[i], some_binding(), {}, later).value().ephemeral;
  };
  CHECK(ephemeral_of(AnswerSealer::kSessions) == ephemerals.back());
  CHECK(ephemeral_of(1) == ephemerals[1]);
  CHECK(ephemeral_of(0) != ephemerals[0]);  // the oldest made room
  CHECK(std::set(ephemerals.begin(), ephemerals.end()).size() == ephemerals.size());
}

}  // namespace
}  // namespace nakadachi::crypto::test
