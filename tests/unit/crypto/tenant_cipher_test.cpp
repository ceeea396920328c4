#include <set>

#include "nakadachi/crypto/keys.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

const Bytes& row() {
  static const Bytes bytes = {0xaa, 0xbb};
  return bytes;
}

SealedPlace place() { return {.table = "exchange_steps", .column = "sealed", .row = row()}; }

TenantCipher cipher_of(std::uint32_t tenant, std::uint64_t uses = TenantCipher::kUsesPerEpoch) {
  TenantCipher cipher(TenantId{tenant}, uses);
  cipher.add_version(3, filled_secret(0x55));
  return cipher;
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

std::string epoch_of(const Bytes& sealed) { return to_hex(ByteView(sealed).subspan(4, 4)); }

TEST_CASE("sealed columns and index values are those of another implementation") {
  TenantCipher cipher = cipher_of(131041);
  const Bytes sealed =
      hex("00000003010203040102030405060708090a0b0c61af0ffe62230e0c0d02133a6cf39d174016391051");
  CHECK(as_chars(cipher.open(place(), sealed).value()) == "hello");
  const auto index = cipher.keyed_hash(institution(1'310'410'000'000'001), "exchange",
                                       {as_bytes("ab"), as_bytes("c")});
  CHECK(to_hex(index.value().view()) ==
        "b5148770613d935d657d3ef2c550dec3dbaef402a6070374fdd5101ccc8aae09");
}

TEST_CASE("what was sealed opens in place, also in another process") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041);
  TenantCipher later = cipher_of(131041);
  CHECK(cipher.tenant() == TenantId{131041});
  CHECK(cipher.has_key());
  std::set<std::string> seen;
  for (const std::size_t size : {0U, 1U, 300U, 65'536U}) {
    const Bytes plain(size, 0x42);
    for (int i = 0; i < 3; ++i) {
      const auto sealed = cipher.seal(place(), plain, random).value();
      CHECK(sealed.size() == size + TenantCipher::kOverhead);
      CHECK(seen.insert(to_hex(sealed)).second);
      CHECK(cipher.open(place(), sealed).value() == plain);
      CHECK(later.open(place(), sealed).value() == plain);
    }
  }
}

TEST_CASE("a sealed value moved to another tenant, table, column or row does not open") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041);
  TenantCipher stranger = cipher_of(131059);  // even under the same master
  const auto sealed = cipher.seal(place(), as_bytes("value"), random).value();
  CHECK(code_of(stranger.open(place(), sealed)) == ErrorCode::kSealBroken);
  const Bytes other_row = {0xaa, 0xbc};
  const SealedPlace elsewhere[] = {
      {.table = "exchange_step", .column = "sealed", .row = row()},
      {.table = "", .column = "sealed", .row = row()},
      {.table = "exchange_steps", .column = "seale", .row = row()},
      {.table = "exchange_steps", .column = "", .row = row()},
      {.table = "exchange_steps", .column = "sealed", .row = other_row},
      {.table = "exchange_steps", .column = "sealed", .row = ByteView(row()).first(1)},
      {.table = "exchange_steps", .column = "sealed", .row = {}}};
  for (const SealedPlace& other : elsewhere) {
    CHECK(code_of(cipher.open(other, sealed)) == ErrorCode::kSealBroken);
  }
  // Where one part ends and the next begins matters too.
  const SealedPlace joined{.table = "t", .column = "ab", .row = as_bytes("c")};
  const SealedPlace cut{.table = "t", .column = "a", .row = as_bytes("bc")};
  const auto value = cipher.seal(joined, as_bytes("value"), random).value();
  CHECK(cipher.open(joined, value).ok());
  CHECK(code_of(cipher.open(cut, value)) == ErrorCode::kSealBroken);
}

TEST_CASE("a sealed value with any bit changed or cut does not open") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041);
  const auto sealed = cipher.seal(place(), as_bytes("value"), random).value();
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const ErrorCode expected = bit < 32 ? ErrorCode::kKeyUnavailable : ErrorCode::kSealBroken;
    REQUIRE(code_of(cipher.open(place(), changed)) == expected);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    REQUIRE(code_of(cipher.open(place(), ByteView(sealed).first(size))) == ErrorCode::kSealBroken);
  }
  Bytes longer = sealed;
  longer.push_back(0);
  CHECK(code_of(cipher.open(place(), longer)) == ErrorCode::kSealBroken);
  CHECK(cipher.open(place(), sealed).ok());
}

TEST_CASE("without a key nothing is sealed, opened or hashed") {
  SeededRandom random(1);
  TenantCipher empty(TenantId{131041});
  CHECK_FALSE(empty.has_key());
  CHECK(code_of(empty.seal(place(), {}, random)) == ErrorCode::kKeyUnavailable);
  CHECK(code_of(empty.keyed_hash(institution(1), "p", {})) == ErrorCode::kKeyUnavailable);
  const auto sealed = cipher_of(131041).seal(place(), {}, random).value();
  CHECK(code_of(empty.open(place(), sealed)) == ErrorCode::kKeyUnavailable);
}

TEST_CASE("after a rotation the new version seals, old values open and indexes stay") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041);
  const auto old_value = cipher.seal(place(), as_bytes("old"), random).value();
  const auto index = cipher.keyed_hash(institution(1), "p", {as_bytes("x")}).value();
  cipher.add_version(4, filled_secret(0x66));
  cipher.add_version(4, filled_secret(0x66));  // told again: nothing changes
  const auto new_value = cipher.seal(place(), as_bytes("new"), random).value();
  CHECK(to_hex(ByteView(old_value).first(4)) == "00000003");
  CHECK(to_hex(ByteView(new_value).first(4)) == "00000004");
  CHECK(as_chars(cipher.open(place(), old_value).value()) == "old");
  CHECK(as_chars(cipher.open(place(), new_value).value()) == "new");
  CHECK(cipher.keyed_hash(institution(1), "p", {as_bytes("x")}).value() == index);
  CHECK(code_of(cipher_of(131041).open(place(), new_value)) == ErrorCode::kKeyUnavailable);
  // Versions learnt in another order end in the same state.
  TenantCipher backwards(TenantId{131041});
  backwards.add_version(4, filled_secret(0x66));
  CHECK(backwards.keyed_hash(institution(1), "p", {as_bytes("x")}).value() != index);
  backwards.add_version(3, filled_secret(0x55));
  CHECK(backwards.keyed_hash(institution(1), "p", {as_bytes("x")}).value() == index);
  CHECK(to_hex(ByteView(backwards.seal(place(), {}, random).value()).first(4)) == "00000004");
}

TEST_CASE("an epoch ends with its uses and is drawn anew by every process and table") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041, 3);
  std::vector<std::string> epochs;
  epochs.reserve(9);
  for (int i = 0; i < 9; ++i) {
    const auto sealed = cipher.seal(place(), as_bytes("v"), random).value();
    epochs.push_back(epoch_of(sealed));
    CHECK(cipher.open(place(), sealed).ok());
  }
  for (std::size_t i = 0; i < 9; ++i) CHECK(epochs[i] == epochs[i - i % 3]);
  std::set<std::string> different(epochs.begin(), epochs.end());
  CHECK(different.size() == 3);
  const SealedPlace other{.table = "symbols", .column = "sealed", .row = row()};
  CHECK(different.insert(epoch_of(cipher.seal(other, {}, random).value())).second);
  TenantCipher process = cipher_of(131041, 3);
  CHECK(different.insert(epoch_of(process.seal(place(), {}, random).value())).second);
}

TEST_CASE("values of more epochs than ciphers are kept all open, and sealing goes on") {
  SeededRandom random(1);
  TenantCipher cipher = cipher_of(131041, 1);
  std::vector<Bytes> values;
  for (std::size_t i = 0; i < TenantCipher::kKeptCiphers + 50; ++i) {
    values.push_back(cipher.seal(place(), as_bytes("value"), random).value());
  }
  for (int round = 0; round < 2; ++round) {
    for (const Bytes& value : values) REQUIRE(cipher.open(place(), value).ok());
  }
  CHECK(cipher.seal(place(), {}, random).ok());
}

TEST_CASE("index values differ by tenant, institution, purpose and every part") {
  TenantCipher cipher = cipher_of(131041);
  TenantCipher stranger = cipher_of(131059);
  const auto a = as_bytes("ab");
  const auto b = as_bytes("c");
  std::set<std::string> seen;
  const auto add = [&](const Result<Digest>& index) { seen.insert(to_hex(index.value().view())); };
  add(cipher.keyed_hash(institution(1), "symbol", {a, b}));
  add(cipher.keyed_hash(institution(1), "symbol", {a, b}));
  CHECK(seen.size() == 1);
  add(stranger.keyed_hash(institution(1), "symbol", {a, b}));
  add(cipher.keyed_hash(institution(2), "symbol", {a, b}));
  add(cipher.keyed_hash(institution(1), "address", {a, b}));
  add(cipher.keyed_hash(institution(1), "symbol", {b, a}));
  add(cipher.keyed_hash(institution(1), "symbol", {as_bytes("a"), as_bytes("bc")}));
  add(cipher.keyed_hash(institution(1), "symbol", {as_bytes("abc")}));
  add(cipher.keyed_hash(institution(1), "symbol", {a, b, {}}));
  CHECK(seen.size() == 8);
}

}  // namespace
}  // namespace nakadachi::crypto::test
