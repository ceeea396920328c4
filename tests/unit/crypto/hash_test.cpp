#include "nakadachi/crypto/hash.hpp"

#include <thread>
#include <utility>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

std::string sha256_hex(std::string_view text) { return to_hex(sha256({as_bytes(text)}).view()); }

struct HmacCase {
  Bytes key;
  Bytes data;
  std::string_view mac;
};

TEST_CASE("sha256 gives the digests of FIPS 180-4 and RFC 6234") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256 of parts is that of the bytes one after another, on every thread") {
  const Digest whole = sha256({as_bytes("abcdef")});
  CHECK(sha256({as_bytes("ab"), {}, as_bytes("cdef")}) == whole);
  CHECK(sha256({}) == sha256({as_bytes("")}));
  Digest elsewhere;
  std::thread([&] { elsewhere = sha256({as_bytes("abc"), as_bytes("def")}); }).join();
  CHECK(elsewhere == whole);
}

TEST_CASE("KeyedHash gives the codes of RFC 4231") {
  const auto number = GENERATE(0, 1, 2, 3, 4, 5);
  const HmacCase cases[] = {
      {Bytes(20, 0x0b), to_bytes(as_bytes("Hi There")),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {to_bytes(as_bytes("Jefe")), to_bytes(as_bytes("what do ya want for nothing?")),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {run(1, 25), Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa),
       to_bytes(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       to_bytes(as_bytes("This is a test using a larger than block-size key and a larger than "
                         "block-size data. The key needs to be hashed before being used by the "
                         "HMAC algorithm.")),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}};
  const HmacCase& each = cases[number];
  KeyedHash hash{SecretBytes(each.key)};
  CHECK(to_hex(hash({each.data}).view()) == each.mac);
  // The kept key serves again, in parts, and after a move.
  const ByteView data = each.data;
  KeyedHash moved = std::move(hash);
  CHECK(to_hex(moved({data.first(3), data.subspan(3)}).view()) == each.mac);
}

TEST_CASE("a framed keyed hash tells apart where parts were cut") {
  KeyedHash hash(filled_secret(1));
  CHECK(hash({as_bytes("ab"), as_bytes("c")}) == hash({as_bytes("a"), as_bytes("bc")}));
  CHECK(hash.framed({as_bytes("ab"), as_bytes("c")}) !=
        hash.framed({as_bytes("a"), as_bytes("bc")}));
  CHECK(hash.framed({as_bytes("ab")}) != hash.framed({as_bytes("ab"), {}}));
  CHECK(hash.framed({as_bytes("ab")}) == hash({hex("00000002"), as_bytes("ab")}));
}

TEST_CASE("derive_key is HKDF of RFC 5869") {
  // Test case 3: neither salt nor info.
  const SecretBytes okm = derive_key(filled_secret(0x0b, 22), "", {}, 42);
  CHECK(to_hex(okm.view()) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        "9d201395faa4b61a96c8");
  // The same by hand, from HMAC alone: extract, then one block of expand.
  const SecretBytes ikm(run(0, 32));
  const Digest prk = KeyedHash(filled_secret(0))({ikm.view()});
  const Digest block = KeyedHash(SecretBytes(prk.view()))({as_bytes("text"), hex("01")});
  CHECK(to_hex(derive_key(ikm, "text", {}, 32).view()) == to_hex(block.view()));
  // From another implementation of docs/protocol/seals.md.
  CHECK(to_hex(derive_key(ikm, "text", as_bytes("context"), 40).view()) ==
        "92e5a9f1f8a83c4f718aeec9e079db0c00bf7e3be3e663f8d3cf93ebc52d167883a904f0f30dd228");
}

TEST_CASE("keys for other texts or contexts are others") {
  const SecretBytes root = filled_secret(3);
  const auto key = [&](std::string_view info, std::string_view context) {
    return to_hex(derive_key(root, info, as_bytes(context), 32).view());
  };
  const std::string all[] = {key("a", ""),  key("a", "b"), key("ab", ""),
                             key("", "ab"), key("b", "a"), key("a", std::string_view("\0b", 2))};
  for (const std::string& one : all) {
    CHECK(std::count(std::begin(all), std::end(all), one) == 1);
  }
}

TEST_CASE("equal_in_constant_time compares length and every byte") {
  const Bytes a = run(0, 40);
  CHECK(equal_in_constant_time(a, a));
  CHECK(equal_in_constant_time({}, {}));
  CHECK_FALSE(equal_in_constant_time(a, ByteView(a).first(39)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    Bytes b = a;
    b[i] ^= 0x80;
    CHECK_FALSE(equal_in_constant_time(a, b));
  }
}

}  // namespace
}  // namespace nakadachi::crypto::test
