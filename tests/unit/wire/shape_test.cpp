#include <string>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/link.pb.h"
#include "nakadachi/v1/oltp.pb.h"
#include "tests/support/catch.hpp"
#include "tests/unit/wire/samples.hpp"

// Bytes written by hand: what protobuf's own parser would let pass.

namespace nakadachi::wire {
namespace {

Bytes hex(std::string_view text) {
  const auto bytes = from_hex(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

ErrorCode link_error(const Bytes& bytes) {
  const auto read = decode_link_frame(bytes);
  return read.ok() ? ErrorCode::kInternal : read.error().code;
}

void append_varint(Bytes& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) to.push_back(static_cast<std::uint8_t>(value | 0x80U));
  to.push_back(static_cast<std::uint8_t>(value));
}

Bytes parts(std::initializer_list<Bytes> list) {
  Bytes all;
  for (const Bytes& part : list) append(all, part);
  return all;
}

/// A field of bytes with a length in front.
Bytes field(unsigned number, const Bytes& content) {
  Bytes made = {static_cast<std::uint8_t>(number << 3U | 2U)};
  append_varint(made, content.size());
  append(made, content);
  return made;
}

const Bytes kVersionOne = {0x08, 0x01};

}  // namespace

TEST_CASE("wire: the smallest frames are taken") {
  CHECK(decode_link_frame(kVersionOne).ok());
  CHECK(decode_query_frame(kVersionOne).ok());
  CHECK(decode_replies(kVersionOne).ok());
}

TEST_CASE("wire: another version, or none, is refused") {
  for (const char* frame : {"", "0800", "0802", "08ffffffff0f"}) {
    INFO(frame);
    for (const auto& error :
         {decode_link_frame(hex(frame)).error(), decode_query_frame(hex(frame)).error(),
          decode_replies(hex(frame)).error()}) {
      CHECK(error == Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"});
    }
  }
}

TEST_CASE("wire: a number is in its shortest form and within its type") {
  CHECK(link_error(hex("088100")) == ErrorCode::kMalformedFrame);        // 1 in two bytes
  CHECK(link_error(hex("088180808010")) == ErrorCode::kMalformedFrame);  // 2^32 + 1
  CHECK(link_error(hex("0881808080808080808002")) == ErrorCode::kMalformedFrame);
  CHECK(link_error(hex("08ffffffffffffffffffff01")) == ErrorCode::kMalformedFrame);
  CHECK(link_error(hex("08")) == ErrorCode::kMalformedFrame);
  CHECK(link_error(hex("0881")) == ErrorCode::kMalformedFrame);
  CHECK(link_error(hex("0001")) == ErrorCode::kMalformedFrame);  // field 0
}

TEST_CASE("wire: a singular field stands once and fields stand in order") {
  CHECK(link_error(hex("08010801")) == ErrorCode::kMalformedFrame);
  SeededRandom random(21);
  const Bytes hello = encode_hello({{samples::institution(random)}});
  const Bytes body(hello.begin() + 2, hello.end());
  CHECK(decode_link_frame(hello).ok());
  CHECK(link_error(parts({body, kVersionOne})) == ErrorCode::kMalformedFrame);
  CHECK(link_error(parts({kVersionOne, body, body})) == ErrorCode::kMalformedFrame);
}

TEST_CASE("wire: a field of another type is malformed") {
  CHECK(link_error(hex("0a0101")) == ErrorCode::kMalformedFrame);      // version as bytes
  CHECK(link_error(hex("08012001")) == ErrorCode::kMalformedFrame);    // an item as number
  CHECK(link_error(hex("08012b2c")) == ErrorCode::kMalformedFrame);    // hello as group
  CHECK(link_error(hex("0801f30101")) == ErrorCode::kMalformedFrame);  // an unknown group
  CHECK(link_error(hex("0801f70101")) == ErrorCode::kMalformedFrame);  // no such wire type
}

TEST_CASE("wire: unknown fields are refused wherever they stand") {
  CHECK(link_error(hex("08013001")) == ErrorCode::kUnsupportedVersion);    // field 6
  CHECK(link_error(hex("0801800101")) == ErrorCode::kUnsupportedVersion);  // field 16
  CHECK(link_error(hex("0801f8ffffff0f01")) == ErrorCode::kUnsupportedVersion);

  // In each message of each kind of valid bytes: protobuf appends the unknown field, or the
  // byte counts of the messages around it grow.
  SeededRandom random(22);
  const std::vector<LinkItem> items = {
      samples::item(random, samples::batch(random), samples::delegation(random))};
  v1::LinkFrame frame;
  const Bytes bytes = encode_link_frames(items).front();
  REQUIRE(frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  const auto expect_refused = [&](google::protobuf::Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(15, 1);
    const std::string text = frame.SerializeAsString();
    CHECK(link_error(Bytes(text.begin(), text.end())) == ErrorCode::kUnsupportedVersion);
    message.GetReflection()->MutableUnknownFields(&message)->Clear();
  };
  expect_refused(frame);
  expect_refused(*frame.mutable_items(0));
  expect_refused(*frame.mutable_batches(0));
  expect_refused(*frame.mutable_delegations(0));
  expect_refused(*frame.mutable_hello());

  exchange::Query query = samples::query(random);
  v1::QueryFrame queries;
  const Bytes query_bytes = encode_queries({&query, 1});
  REQUIRE(queries.ParseFromArray(query_bytes.data(), static_cast<int>(query_bytes.size())));
  v1::Subject& subject = *queries.mutable_queries(0)->mutable_subject();
  v1::Subject::GetReflection()->MutableUnknownFields(&subject)->AddFixed64(9, 1);
  const std::string text = queries.SerializeAsString();
  const auto read = decode_query_frame(as_bytes(text));
  REQUIRE_FALSE(read.ok());
  CHECK(read.error() == Error{.code = ErrorCode::kUnsupportedVersion, .position = 0});

  Bytes statement = encode(samples::inquiry(random));
  append(statement, hex("780a"));
  const auto inquiry = decode_inquiry(statement);
  REQUIRE_FALSE(inquiry.ok());
  CHECK(inquiry.error().code == ErrorCode::kUnsupportedVersion);
}

TEST_CASE("wire: too many items are refused by their count, however small") {
  const auto frame_of = [](unsigned number, std::size_t count) {
    Bytes frame = kVersionOne;
    for (std::size_t i = 0; i < count; ++i) append(frame, field(number, {}));
    return frame;
  };
  for (const unsigned list : {2U, 3U, 4U}) {
    CHECK(link_error(frame_of(list, limits::kMaxItemsPerLinkFrame + 1)) ==
          ErrorCode::kTooManyItems);
    CHECK(link_error(frame_of(list, limits::kMaxItemsPerLinkFrame)) == ErrorCode::kMissingField);
  }
  const auto queries = decode_query_frame(frame_of(2, limits::kMaxQueriesPerFrame + 1));
  REQUIRE_FALSE(queries.ok());
  CHECK(queries.error().code == ErrorCode::kTooManyItems);
  const auto replies = decode_replies(frame_of(2, limits::kMaxQueriesPerFrame + 1));
  REQUIRE_FALSE(replies.ok());
  CHECK(replies.error().code == ErrorCode::kTooManyItems);
}

TEST_CASE("wire: a hello over its limit is refused") {
  const Bytes frame =
      parts({kVersionOne, field(5, field(1, Bytes(8 * (kMaxHelloInstitutions + 1))))});
  CHECK(link_error(frame) == ErrorCode::kTooManyItems);
  CHECK(link_error(parts({kVersionOne, field(5, field(1, Bytes(12)))})) ==
        ErrorCode::kMalformedFrame);  // one and a half codes
}

TEST_CASE("wire: what is over its size is refused before it is looked at") {
  const auto code_of = [](const auto& result) { return result.error().code; };
  CHECK(code_of(decode_link_frame(Bytes(limits::kMaxLinkFrameBytes + 1))) == ErrorCode::kOversize);
  CHECK(code_of(decode_query_frame(Bytes(limits::kMaxClientFrameBytes + 1))) ==
        ErrorCode::kOversize);
  CHECK(code_of(decode_replies(Bytes(limits::kMaxClientFrameBytes + 1))) == ErrorCode::kOversize);
  const Bytes statement(limits::kMaxStatementBytes + 1);
  CHECK(code_of(decode_inquiry(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_permit(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_refusal(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_provision(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_conclusion(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_status_query(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_status_reply(statement)) == ErrorCode::kOversize);
  CHECK(code_of(decode_stored_content(Bytes(1024 * 1024))) == ErrorCode::kOversize);
  CHECK(code_of(decode_sealed_answer(Bytes(59))) == ErrorCode::kWrongLength);
  CHECK(code_of(decode_sealed_answer(Bytes(limits::kMaxAnswerBytes + 61))) ==
        ErrorCode::kWrongLength);
}

TEST_CASE("wire: frames are split by count and by size, and no sooner") {
  SeededRandom random(23);
  const auto batch = samples::batch(random);
  std::vector<LinkItem> items(limits::kMaxItemsPerLinkFrame + 1,
                              samples::item(random, batch, nullptr));
  auto frames = encode_link_frames(items);
  REQUIRE(frames.size() == 2);
  CHECK(decode_link_frame(frames[0])->items.size() == limits::kMaxItemsPerLinkFrame);
  CHECK(decode_link_frame(frames[1])->items.size() == 1);

  for (LinkItem& item : items) item.statement.resize(limits::kMaxStatementBytes);
  items.resize(100);
  frames = encode_link_frames(items);
  REQUIRE(frames.size() == 2);
  const std::size_t first = decode_link_frame(frames[0])->items.size();
  CHECK(first + decode_link_frame(frames[1])->items.size() == 100);
  CHECK(frames[0].size() <= limits::kMaxLinkFrameBytes);
  // One more would not have found room.
  CHECK(frames[0].size() + limits::kMaxStatementBytes + 32 > limits::kMaxLinkFrameBytes);

  std::vector<exchange::Reply> replies(4, samples::reply(random));
  for (exchange::Reply& reply : replies) reply.answer.resize(limits::kMaxAnswerBytes);
  const auto reply_frames = encode_replies(replies);
  REQUIRE(reply_frames.size() == 2);
  CHECK(decode_replies(reply_frames[0])->replies.size() == 3);
  CHECK(decode_replies(reply_frames[1])->replies.size() == 1);
  CHECK(encode_replies({}).empty());
  CHECK(encode_link_frames({}).empty());
}

}  // namespace nakadachi::wire
