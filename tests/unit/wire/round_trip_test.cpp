#include <string>

#include "nakadachi/base/limits.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/same_receipt.hpp"
#include "tests/unit/wire/samples.hpp"

namespace nakadachi::wire {
namespace {

constexpr int kRounds = 300;

template <class Struct>
void expect_round_trips(Struct (*make)(SeededRandom&), Result<Struct> (*decode)(ByteView)) {
  SeededRandom random(1);
  for (int i = 0; i < kRounds; ++i) {
    const Struct made = make(random);
    const Bytes bytes = encode(made);
    const auto read = decode(bytes);
    REQUIRE(read.ok());
    REQUIRE(*read == made);
    REQUIRE(encode(*read) == bytes);
  }
}

/// A receipt with the witness of an earlier reply; null when there is none.
std::shared_ptr<const records::Receipt> sharing_witness(
    SeededRandom& random, const std::vector<exchange::Reply>& replies) {
  const auto& other = replies[static_cast<std::size_t>(random.below(replies.size()))].receipt;
  if (other == nullptr) return nullptr;
  records::Receipt receipt = *samples::receipt(random);
  receipt.witness = other->witness;
  return std::make_shared<const records::Receipt>(std::move(receipt));
}

}  // namespace

TEST_CASE("wire: statements come back as they were and have one encoding") {
  expect_round_trips(samples::inquiry, decode_inquiry);
  expect_round_trips(samples::permit, decode_permit);
  expect_round_trips(samples::refusal, decode_refusal);
  expect_round_trips(samples::provision, decode_provision);
  expect_round_trips(samples::conclusion, decode_conclusion);
  expect_round_trips(samples::status_query, decode_status_query);
  expect_round_trips(samples::status_reply, decode_status_reply);
  expect_round_trips(samples::symbol_notice, decode_symbol_notice);
  expect_round_trips(samples::symbol_receipt, decode_symbol_receipt);
  expect_round_trips(samples::acquisition_request, decode_acquisition_request);
  expect_round_trips(samples::stored_content, decode_stored_content);
  expect_round_trips(samples::sealed_answer, decode_sealed_answer);
}

TEST_CASE("wire: a statement of nothing but zeros and defaults comes back") {
  const auto inquiry = decode_inquiry(encode(exchange::Inquiry{}));
  REQUIRE(inquiry.ok());
  CHECK(*inquiry == exchange::Inquiry{});
  const auto conclusion = decode_conclusion(encode(exchange::Conclusion{}));
  REQUIRE(conclusion.ok());
  CHECK(*conclusion == exchange::Conclusion{});
  const auto content = decode_stored_content(encode(StoredContent{}));
  REQUIRE(content.ok());
  CHECK(*content == StoredContent{});
}

TEST_CASE("wire: queries and replies come back in order") {
  SeededRandom random(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<exchange::Query> queries;
    std::vector<exchange::Reply> replies;
    for (std::uint64_t i = random.below(limits::kMaxQueriesPerFrame + 1); i > 0; --i) {
      queries.push_back(samples::query(random));
      replies.push_back(samples::reply(random));
      if (replies.back().receipt == nullptr && random.chance(500)) {
        replies.back().receipt = sharing_witness(random, replies);
      }
    }
    const auto read = decode_query_frame(encode_queries(queries));
    REQUIRE(read.ok());
    REQUIRE(read->queries.size() == queries.size());
    for (std::size_t i = 0; i < queries.size(); ++i) {
      REQUIRE(read->queries.at(i).key == queries[i].key);
      REQUIRE(read->queries.at(i).query.ok());
      REQUIRE(*read->queries.at(i).query == queries[i]);
    }
    std::vector<exchange::Reply> read_replies;
    for (const Bytes& frame : encode_replies(replies)) {
      REQUIRE(frame.size() <= limits::kMaxClientFrameBytes);
      auto decoded = decode_replies(frame);
      REQUIRE(decoded.ok());
      REQUIRE(decoded->frame_errors.empty());
      REQUIRE(encode_replies(decoded->replies) == std::vector<Bytes>{frame});
      for (auto& reply : decoded->replies) read_replies.push_back(std::move(reply));
    }
    REQUIRE(read_replies == replies);
    for (std::size_t i = 0; i < replies.size(); ++i) {
      REQUIRE((read_replies[i].receipt == nullptr) == (replies[i].receipt == nullptr));
      if (replies[i].receipt != nullptr)
        testing::check_same(*read_replies[i].receipt, *replies[i].receipt);
    }
  }
}

TEST_CASE("wire: a witness of many receipts stands in a frame once and is read once") {
  SeededRandom random(19);
  std::vector<exchange::Reply> replies;
  for (int i = 0; i < 20; ++i) {
    exchange::Reply reply;
    reply.key = random.make<RequestKey>();
    reply.concluded = true;
    reply.receipt = i == 0 ? samples::receipt(random) : sharing_witness(random, replies);
    replies.push_back(std::move(reply));
  }
  const auto frames = encode_replies(replies);
  REQUIRE(frames.size() == 1);
  const auto read = decode_replies(frames[0]);
  REQUIRE(read.ok());
  for (const exchange::Reply& reply : read->replies) {
    REQUIRE(reply.receipt != nullptr);
    CHECK(reply.receipt->witness == read->replies[0].receipt->witness);
  }
  const std::string_view bytes = as_chars(frames[0]);
  const std::string_view signature =
      as_chars(replies[0].receipt->witness->delegation.signature.view());
  CHECK(bytes.find(signature) != std::string_view::npos);
  CHECK(bytes.find(signature) == bytes.rfind(signature));
}

TEST_CASE("wire: live questions and their answers come back as they were") {
  SeededRandom random(18);
  for (int i = 0; i < 200; ++i) {
    const std::vector<exchange::LiveQuestion> questions = {samples::live_question(random),
                                                           samples::live_question(random)};
    const auto put = decode_replies(encode_questions(questions));
    REQUIRE(put.ok());
    REQUIRE(put->questions == questions);
    const exchange::HandOver answer = samples::hand_over(random);
    const auto answered = decode_query_frame(encode_hand_over(&answer));
    REQUIRE(answered.ok());
    REQUIRE(answered->answering);
    REQUIRE(answered->hand_overs == std::vector{answer});
  }
  const auto ready = decode_query_frame(encode_hand_over(nullptr));
  REQUIRE(ready.ok());
  CHECK(ready->answering);
  CHECK(ready->hand_overs.empty());
}

TEST_CASE("wire: a frame error carries code and place, never field or detail") {
  const Bytes frame = encode_frame_error({.code = ErrorCode::kTooManyItems,
                                          .field = "queries",
                                          .position = 7,
                                          .detail = "internal matter"});
  CHECK(as_chars(frame).find("internal") == std::string_view::npos);
  const auto read = decode_replies(frame);
  REQUIRE(read.ok());
  CHECK(read->replies.empty());
  REQUIRE(read->frame_errors.size() == 1);
  CHECK(read->frame_errors[0] == Error{.code = ErrorCode::kTooManyItems, .position = 7});
}

TEST_CASE("wire: link items come back with the headers they share") {
  SeededRandom random(3);
  const auto batch = samples::batch(random);
  const auto delegation = samples::delegation(random);
  // Equal content under another pointer stands in the frame once as well.
  const auto same_batch = std::make_shared<crypto::BatchHeader>(*batch);
  std::vector<LinkItem> items;
  for (int i = 0; i < 200; ++i) {
    const bool from_core = random.chance(300);
    items.push_back(samples::item(random, random.chance(500) ? batch : same_batch,
                                  from_core ? nullptr : delegation));
  }
  items.push_back(samples::item(random, samples::batch(random), samples::delegation(random)));

  const auto frames = encode_link_frames(items);
  REQUIRE(frames.size() == 1);
  const auto read = decode_link_frame(frames[0]);
  REQUIRE(read.ok());
  CHECK(read->hellos.empty());
  REQUIRE(read->items.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const LinkItem& item = read->items[i];
    REQUIRE(item.kind == items[i].kind);
    REQUIRE(item.to == items[i].to);
    REQUIRE(item.statement == items[i].statement);
    REQUIRE(item.salt == items[i].salt);
    REQUIRE(item.path.index == items[i].path.index);
    REQUIRE(item.path.nodes == items[i].path.nodes);
    REQUIRE(*item.batch == *items[i].batch);
    REQUIRE((item.delegation == nullptr) == (items[i].delegation == nullptr));
    if (item.delegation) REQUIRE(*item.delegation == *items[i].delegation);
  }
  CHECK(read->items[0].batch == read->items[199].batch);
  CHECK(read->items[0].batch != read->items[200].batch);
}

TEST_CASE("wire: headers with one signature and different content stay apart") {
  SeededRandom random(4);
  const auto batch = samples::batch(random);
  const auto forged = std::make_shared<crypto::BatchHeader>(*batch);
  forged->number.value += 1;
  const std::vector<LinkItem> items = {samples::item(random, batch, nullptr),
                                       samples::item(random, forged, nullptr)};
  const auto read = decode_link_frame(encode_link_frames(items).front());
  REQUIRE(read.ok());
  CHECK(*read->items[0].batch == *batch);
  CHECK(*read->items[1].batch == *forged);
}

TEST_CASE("wire: a hello comes back, up to its limit") {
  SeededRandom random(5);
  Hello hello;
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, kMaxHelloInstitutions}) {
    while (hello.institutions.size() < size) {
      hello.institutions.push_back(samples::institution(random));
    }
    const auto read = decode_link_frame(encode_hello(hello));
    REQUIRE(read.ok());
    CHECK(read->items.empty());
    REQUIRE(read->hellos.size() == 1);
    CHECK(read->hellos[0] == hello);
  }
}

TEST_CASE("wire: hashes of requests and permits keep their domains apart") {
  const Bytes statement = encode(exchange::Inquiry{});
  CHECK(request_hash(statement) == request_hash(statement));
  CHECK(request_hash(statement) != permit_hash(statement));
  // SHA-256("nakadachi request v1" ‖ "abc") and SHA-256("nakadachi permit v1" ‖ "abc").
  CHECK(to_hex(request_hash(as_bytes("abc")).view()) ==
        "102cdd0176580b1d5fc3dcc97954ca47dffb041e166177f0312bf310f52876cf");
  CHECK(to_hex(permit_hash(as_bytes("abc")).view()) ==
        "625d9623f1b4e5f5f7406bc40d605dcaaf8057ef272ca23d927793fd2fea601b");
}

}  // namespace nakadachi::wire
