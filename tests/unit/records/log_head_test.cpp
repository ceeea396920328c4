#include "nakadachi/records/log_head.hpp"

#include "nakadachi/base/limits.hpp"
#include "nakadachi/crypto/merkle.hpp"
#include "tests/unit/records/records_helpers.hpp"

namespace nakadachi::records::test {
namespace {

LogHead some_head(std::uint32_t tenant) {
  return {.tenant = TenantId{tenant}, .size = 0x0102030405060708, .root = filled<Digest>(0x77)};
}

TEST_CASE("a head's bytes and leaf are those written down in docs/records.md") {
  const LogHead head = some_head(132012);
  const Bytes bytes = encode(head);
  CHECK(bytes.size() == kHeadBytes);
  CHECK(to_hex(bytes) ==
        "000203ac0102030405060708"
        "7777777777777777777777777777777777777777777777777777777777777777");
  Bytes content(1 + Salt::kSize, 0);
  content.push_back(30);
  append(content, bytes);
  CHECK(head_leaf(head) == crypto::sha256({content}));
}

TEST_CASE("the head of a frontier is its size and root") {
  Frontier frontier;
  frontier.append(filled<Digest>(1));
  const LogHead head = head_of(kTown, frontier);
  CHECK(head == LogHead{.tenant = kTown, .size = 1, .root = filled<Digest>(1)});
}

TEST_CASE("a train's heads come back as they were") {
  CHECK(encode_heads({}).empty());
  CHECK(decode_heads({}).value().empty());
  std::vector<LogHead> heads;
  for (std::uint32_t tenant = 1; tenant <= limits::kMaxTrainRows; ++tenant) {
    heads.push_back(some_head(tenant * 7));
  }
  const auto decoded = decode_heads(encode_heads(heads));
  REQUIRE(decoded.ok());
  CHECK(*decoded == heads);
}

TEST_CASE("bytes that are no list of heads are refused, with the place") {
  const Bytes two = encode_heads(std::vector{some_head(1), some_head(2)});
  for (const std::size_t size : {std::size_t{1}, kHeadBytes - 1, kHeadBytes + 1, two.size() - 1}) {
    CHECK(code_of(decode_heads(ByteView(two).first(size))) == ErrorCode::kWrongLength);
  }
  const auto joined = [](const LogHead& a, const LogHead& b) {
    Bytes bytes = encode(a);
    append(bytes, encode(b));
    return bytes;
  };
  for (const Bytes& bytes :
       {joined(some_head(2), some_head(1)), joined(some_head(2), some_head(2)),
        joined(some_head(1), {.tenant = TenantId{2}, .size = 0, .root = {}})}) {
    const auto decoded = decode_heads(bytes);
    REQUIRE(code_of(decoded) == ErrorCode::kWrongFormat);
    CHECK(decoded.error().field == "heads");
    CHECK(decoded.error().position == 1);
  }
  CHECK(code_of(decode_heads(Bytes((limits::kMaxTrainRows + 1) * kHeadBytes))) ==
        ErrorCode::kTooManyItems);
}

TEST_CASE("a head continues an earlier one of the same body and log only") {
  const std::vector<Digest> hashes = some_hashes(12);
  Frontier frontier;
  for (std::size_t i = 0; i < 5; ++i) frontier.append(hashes[i]);
  const LogHead older = head_of(kTown, frontier);
  for (std::size_t i = 5; i < 12; ++i) frontier.append(hashes[i]);
  const LogHead newer = head_of(kTown, frontier);
  const auto proof = consistency_proof(hashes, 5);
  CHECK(check_continues(older, newer, proof).ok());
  CHECK(check_continues(newer, newer, {}).ok());
  LogHead other = newer;
  other.tenant = kOtherTown;
  CHECK(code_of(check_continues(older, other, proof)) == ErrorCode::kAnotherTenant);
  other = newer;
  other.root = filled<Digest>(9);
  CHECK(code_of(check_continues(older, other, proof)) == ErrorCode::kLogForked);
  CHECK(code_of(check_continues(newer, older, proof)) == ErrorCode::kLogForked);
}

}  // namespace
}  // namespace nakadachi::records::test
