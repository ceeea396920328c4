#include "nakadachi/crypto/signed_batch.hpp"

#include <functional>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

BatchHeader some_header() {
  BatchHeader header;
  header.purpose = BatchPurpose::kTrain;
  header.lane.value = 0x0102;
  header.epoch.value = 3;
  header.number.value = 4;
  header.size = 5;
  header.root = filled<Digest>(0x77);
  header.signed_at.ms = 6;
  return header;
}

ErrorCode error_of(BatchVerifier& verifier, const BatchHeader& header) {
  const auto checked = verifier.check(header);
  return checked.ok() ? ErrorCode{} : checked.error().code;
}

TEST_CASE("the signed bytes and the signature are those of another implementation") {
  const Ed25519Signer signer(filled_secret(3));
  BatchHeader header = some_header();
  sign_batch(header, signer);
  CHECK(header.signer == signer.public_key());
  CHECK(to_hex(signed_bytes(header)) ==
        "6e616b61646163686920626174636820763101ed4928c628d1c2c6eae90338905995612959273a5c63f93636"
        "c14614ac8737d101020000000000000003000000000000000400000005777777777777777777777777777777"
        "77777777777777777777777777777777770000000000000006");
  CHECK(to_hex(header.signature.view()) ==
        "d89b443afe9bf3e793e114a3e3315c18e97c4fbb9ee9ce355e286a38266b66da"
        "061cbfd313d1bebfeafb336f33b031084bd8a154e25191f99ba613d988e9e208");
}

TEST_CASE("a header with any field changed is refused") {
  const Ed25519Signer signer(filled_secret(3));
  const Ed25519Signer other(filled_secret(4));
  const Ed25519Verifier ed25519;
  BatchHeader header = some_header();
  sign_batch(header, signer);
  const std::function<void(BatchHeader&)> changes[] = {
      [](BatchHeader& h) { h.purpose = BatchPurpose::kResend; },
      [](BatchHeader& h) { h.purpose = BatchPurpose::kNotices; },
      [](BatchHeader& h) { h.purpose = BatchPurpose::kStatus; },
      [&](BatchHeader& h) { h.signer = other.public_key(); },
      [](BatchHeader& h) { h.signer = PublicKey{}; },
      [](BatchHeader& h) { h.lane.value ^= 1; },
      [](BatchHeader& h) { h.lane.value ^= 0x8000; },
      [](BatchHeader& h) { h.epoch.value ^= 1; },
      [](BatchHeader& h) { h.epoch.value ^= std::uint64_t{1} << 63; },
      [](BatchHeader& h) { h.number.value ^= 1; },
      [](BatchHeader& h) { h.number.value ^= std::uint64_t{1} << 63; },
      [](BatchHeader& h) { h.size ^= 1; },
      [](BatchHeader& h) { h.size ^= 0x80000000U; },
      [](BatchHeader& h) { h.root.writable()[0] ^= 1; },
      [](BatchHeader& h) { h.root.writable()[31] ^= 0x80; },
      [](BatchHeader& h) { h.signed_at.ms ^= 1; },
      [](BatchHeader& h) { h.signed_at.ms = -h.signed_at.ms; },
      [](BatchHeader& h) { std::swap(h.epoch.value, h.number.value); },
      [](BatchHeader& h) { h.signature.writable()[0] ^= 1; },
      [](BatchHeader& h) { h.signature.writable()[63] ^= 0x10; }};
  BatchVerifier verifier(ed25519);
  for (const auto& change : changes) {
    BatchHeader changed = header;
    change(changed);
    CHECK(error_of(verifier, changed) == ErrorCode::kSignatureInvalid);
  }
  CHECK(verifier.check(header).ok());
  // Also not once the right one is remembered.
  for (const auto& change : changes) {
    BatchHeader changed = header;
    change(changed);
    CHECK(error_of(verifier, changed) == ErrorCode::kSignatureInvalid);
  }
}

TEST_CASE("a signature made for another kind of bytes is no batch") {
  const Ed25519Signer signer(filled_secret(3));
  const Ed25519Verifier ed25519;
  BatchHeader header = some_header();
  sign_batch(header, signer);
  Bytes other_text = signed_bytes(header);
  other_text[0] ^= 1;
  header.signature = signer.sign(other_text);
  BatchVerifier verifier(ed25519);
  CHECK(error_of(verifier, header) == ErrorCode::kSignatureInvalid);
}

TEST_CASE("a good header is verified once, a bad one each time") {
  const Ed25519Signer signer(filled_secret(3));
  const CountingVerifier counting;
  BatchVerifier verifier(counting);
  BatchHeader header = some_header();
  sign_batch(header, signer);
  for (int i = 0; i < 5; ++i) CHECK(verifier.check(header).ok());
  CHECK(counting.asked == 1);
  header.size = 6;
  for (int i = 0; i < 3; ++i) {
    CHECK(error_of(verifier, header) == ErrorCode::kSignatureInvalid);
  }
  CHECK(counting.asked == 4);
}

TEST_CASE("the oldest of many remembered headers is verified anew") {
  const TrustingVerifier trusting;
  BatchVerifier verifier(trusting);
  BatchHeader header = some_header();
  for (std::uint64_t number = 0; number <= 4096; ++number) {
    header.number.value = number;
    REQUIRE(verifier.check(header).ok());
  }
  REQUIRE(trusting.asked == 4097);
  header.number.value = 4096;
  CHECK(verifier.check(header).ok());
  header.number.value = 1;
  CHECK(verifier.check(header).ok());
  CHECK(trusting.asked == 4097);
  header.number.value = 0;
  CHECK(verifier.check(header).ok());
  CHECK(trusting.asked == 4098);
}

}  // namespace
}  // namespace nakadachi::crypto::test
