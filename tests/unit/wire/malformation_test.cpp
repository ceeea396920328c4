#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <google/protobuf/message.h>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/link.pb.h"
#include "nakadachi/v1/oltp.pb.h"
#include "nakadachi/v1/statements.pb.h"
#include "nakadachi/v1/stored.pb.h"
#include "tests/support/catch.hpp"
#include "tests/unit/wire/samples.hpp"

// Every malformation of every field, made by reflection from the generated messages, so
// that a field added to a .proto file is covered or fails here.

namespace nakadachi::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Decodes bytes and tells the error, nothing on success.
using Decoder = std::function<std::optional<Error>(ByteView)>;

template <class Value>
std::optional<Error> error_of(const Result<Value>& result) {
  return result.ok() ? std::nullopt : std::optional(result.error());
}

/// What may be absent: empty, false or 0 then; or, for `delegation`, "the core signed".
const std::set<std::string> kOptional = {"non_disclosure",
                                         "section",
                                         "legal_item",
                                         "sealed_answer",
                                         "answer",
                                         "retry_after_ms",
                                         "delegation",
                                         "hello",
                                         "error",
                                         "items",
                                         "who",
                                         "why",
                                         "already_acquired",
                                         "provider_non_disclosure",
                                         "answer_hash",
                                         "within_body",
                                         "permit",
                                         "receipt"};

/// By full name, where a field of that name is required elsewhere.
const std::set<std::string> kOptionalHere = {
    "nakadachi.v1.Conclusion.provided_at", "nakadachi.v1.StatusReply.wish_asked_at",
    "nakadachi.v1.LiveQuestion.wrong", "nakadachi.v1.WrongItem.item",
    "nakadachi.v1.WrongItem.fault"};

/// Bytes without an exact length, and the most they may be.
const std::map<std::string, std::size_t> kMostBytes = {
    {"section", limits::kMaxSectionBytes},
    {"sealed_answer", 32 + 12 + 16 + limits::kMaxAnswerBytes},
    {"statement", limits::kMaxStatementBytes},
    {"answer", limits::kMaxAnswerBytes},
    {"permit", limits::kMaxStatementBytes},
    {"sealed_items", 32 + 12 + 16 + limits::kMaxAnswerBytes},
    {"who", limits::kMaxWhoBytes},
    {"why", limits::kMaxWhyBytes}};

const std::map<std::string, std::uint64_t> kFirstWrongCode = {
    {"affair", 100'000'000'000'000},           {"procedure", 100'000'000'000'000},
    {"information_kind", 100'000'000'000'000}, {"person", 1'000'000'000'000'000},
    {"within_body", 1'000'000'000'000'000},    {"asker", 10'000'000'000'000'000},
    {"provider", 10'000'000'000'000'000},      {"to", 10'000'000'000'000'000},
    {"institution", 10'000'000'000'000'000}};

const std::set<std::string> kSmallNumbers = {"legal_item", "lane"};
const std::set<std::string> kErrorNumbers = {"reason", "code"};

/// One message inside an outer one, and how to find it in a copy.
struct Target {
  const Message& whole;
  std::function<Message*(Message&)> find;
  Decoder decode;
};

Bytes bytes_of(const Message& message) {
  const std::string text = message.SerializeAsString();
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// Changes a copy of the target and expects the error in the field.
void expect(const Target& target, const FieldDescriptor& field, ErrorCode code,
            const std::function<void(Message&)>& change) {
  const std::unique_ptr<Message> copy(target.whole.New());
  copy->CopyFrom(target.whole);
  change(*target.find(*copy));
  const Bytes bytes = bytes_of(*copy);
  const auto error = target.decode(bytes);
  INFO(field.full_name() << " expecting " << text_of(code).name);
  REQUIRE(error.has_value());
  CHECK(text_of(error->code).name == text_of(code).name);
  CHECK(error->field == field.name());
  CHECK(error->detail.empty());
}

void break_bytes(const Target& target, const FieldDescriptor& field) {
  const auto most = kMostBytes.find(field.name());
  const auto set_size = [&field](std::size_t size) {
    return [&field, size](Message& message) {
      message.GetReflection()->SetString(&message, &field, std::string(size, 'x'));
    };
  };
  if (most != kMostBytes.end()) {
    // A statement that holds more is over the limit as a whole before its fields are read.
    if (field.name() != "sealed_answer" && field.name() != "sealed_items") {
      expect(target, field, ErrorCode::kWrongLength, set_size(most->second + 1));
    }
    return;
  }
  const std::size_t size = target.find(const_cast<Message&>(target.whole))
                               ->GetReflection()
                               ->GetString(*target.find(const_cast<Message&>(target.whole)), &field)
                               .size();
  expect(target, field, ErrorCode::kWrongLength, set_size(size + 1));
  if (size > 0) expect(target, field, ErrorCode::kWrongLength, set_size(size - 1));
}

void break_number(const Target& target, const FieldDescriptor& field) {
  const auto set = [&field](auto setter, auto value) {
    return [&field, setter, value](Message& message) {
      (message.GetReflection()->*setter)(&message, &field, value);
    };
  };
  using google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      for (const int value : {0, field.enum_type()->value_count(), 99}) {
        expect(target, field, ErrorCode::kUnknownEnumValue, set(&Reflection::SetEnumValue, value));
      }
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      for (const std::int64_t ms : {std::int64_t{-1}, std::int64_t{1} << 48, INT64_MIN}) {
        expect(target, field, ErrorCode::kWrongLength, set(&Reflection::SetInt64, ms));
      }
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      if (kSmallNumbers.contains(field.name())) {
        expect(target, field, ErrorCode::kWrongLength, set(&Reflection::SetUInt32, 65536U));
      } else if (kErrorNumbers.contains(field.name())) {
        expect(target, field, ErrorCode::kUnknownEnumValue, set(&Reflection::SetUInt32, 0U));
        expect(target, field, ErrorCode::kUnknownEnumValue, set(&Reflection::SetUInt32, 999U));
      } else if (field.name() == "batch" || field.name() == "delegation" ||
                 field.name() == "witness") {
        expect(target, field, ErrorCode::kMissingField, set(&Reflection::SetUInt32, 77U));
      }
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      if (field.type() == FieldDescriptor::TYPE_FIXED64 && kFirstWrongCode.contains(field.name())) {
        const std::uint64_t wrong = kFirstWrongCode.at(field.name());
        expect(target, field, ErrorCode::kWrongLength, set(&Reflection::SetUInt64, wrong));
        expect(target, field, ErrorCode::kWrongLength, set(&Reflection::SetUInt64, UINT64_MAX));
      }
      break;
    default:
      break;
  }
}

void break_every_field(const Target& target, const google::protobuf::Descriptor& descriptor);

void break_field(const Target& target, const FieldDescriptor& field) {
  if (field.name() == "key") return;  // spoils its frame, see below
  if (!kOptional.contains(field.name()) &&
      !kOptionalHere.contains(std::string(field.full_name()))) {
    expect(target, field, ErrorCode::kMissingField,
           [&field](Message& message) { message.GetReflection()->ClearField(&message, &field); });
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Target inner{.whole = target.whole,
                       .find =
                           [&](Message& whole) {
                             Message* outer = target.find(whole);
                             return outer->GetReflection()->MutableMessage(outer, &field);
                           },
                       .decode = target.decode};
    break_every_field(inner, *field.message_type());
  } else if (field.type() == FieldDescriptor::TYPE_BYTES) {
    break_bytes(target, field);
  } else {
    break_number(target, field);
  }
}

void break_every_field(const Target& target, const google::protobuf::Descriptor& descriptor) {
  for (int i = 0; i < descriptor.field_count(); ++i) break_field(target, *descriptor.field(i));
}

template <class Generated, class Value>
void break_statement(const Value& value, Result<Value> (*decode)(ByteView)) {
  Generated generated;
  const Bytes bytes = encode(value);
  REQUIRE(generated.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  const Target target{.whole = generated,
                      .find = [](Message& whole) { return &whole; },
                      .decode = [decode](ByteView view) { return error_of(decode(view)); }};
  break_every_field(target, *Generated::descriptor());
}

template <class Frame>
Frame parsed(const Bytes& bytes) {
  Frame frame;
  REQUIRE(frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return frame;
}

/// Breaks every field of one element of a frame's list.
void break_element(const Message& frame, const std::string& list, int index,
                   const Decoder& decode) {
  const FieldDescriptor& field = *frame.GetDescriptor()->FindFieldByName(list);
  const Target target{.whole = frame,
                      .find =
                          [&field, index](Message& whole) {
                            return whole.GetReflection()->MutableRepeatedMessage(&whole, &field,
                                                                                 index);
                          },
                      .decode =
                          [&decode, index](ByteView bytes) {
                            auto error = decode(bytes);
                            if (error) CHECK(error->position == index);
                            return error;
                          }};
  break_every_field(target, *field.message_type());
}

LinkItem sample_item(SeededRandom& random) {
  return samples::item(random, samples::batch(random), samples::delegation(random));
}

v1::LinkFrame sample_link_frame(SeededRandom& random) {
  const std::vector<LinkItem> items = {sample_item(random), sample_item(random)};
  return parsed<v1::LinkFrame>(encode_link_frames(items).front());
}

std::optional<Error> decode_link(ByteView bytes) { return error_of(decode_link_frame(bytes)); }
std::optional<Error> decode_reply(ByteView bytes) { return error_of(decode_replies(bytes)); }

}  // namespace

TEST_CASE("wire: every malformation of every field of a statement has its own error") {
  SeededRandom random(11);
  break_statement<v1::Inquiry>(samples::inquiry(random), decode_inquiry);
  break_statement<v1::Permit>(samples::permit(random), decode_permit);
  break_statement<v1::Refusal>(samples::refusal(random), decode_refusal);
  exchange::Provision provision = samples::provision(random);
  provision.sealed_answer = samples::bytes(random, 100);
  break_statement<v1::Provision>(provision, decode_provision);
  break_statement<v1::Conclusion>(samples::conclusion(random), decode_conclusion);
  break_statement<v1::StatusQuery>(samples::status_query(random), decode_status_query);
  break_statement<v1::StatusReply>(samples::status_reply(random), decode_status_reply);
  break_statement<v1::SymbolNotice>(samples::symbol_notice(random), decode_symbol_notice);
  break_statement<v1::SymbolReceipt>(samples::symbol_receipt(random), decode_symbol_receipt);
  exchange::AcquisitionRequest request = samples::acquisition_request(random);
  request.sealed_items = samples::bytes(random, 100);
  break_statement<v1::AcquisitionRequest>(request, decode_acquisition_request);
}

TEST_CASE("wire: every malformation of every field of stored content has its own error") {
  SeededRandom random(12);
  StoredContent content = samples::stored_content(random);
  content.statement = samples::bytes(random, 90);
  content.answer = samples::bytes(random, 90);
  content.permit = samples::bytes(random, 90);
  break_statement<v1::StoredContent>(content, decode_stored_content);
}

TEST_CASE("wire: every malformation of every field of a link frame has its own error") {
  SeededRandom random(13);
  const v1::LinkFrame frame = sample_link_frame(random);
  break_element(frame, "items", 1, decode_link);
  break_element(frame, "batches", 1, decode_link);
  break_element(frame, "delegations", 1, decode_link);
}

TEST_CASE("wire: a hello with a code of too many digits is refused") {
  v1::LinkFrame frame;
  frame.set_version(1);
  frame.mutable_hello()->add_institutions(1);
  frame.mutable_hello()->add_institutions(10'000'000'000'000'000);
  const auto read = decode_link_frame(bytes_of(frame));
  REQUIRE_FALSE(read.ok());
  CHECK(read.error() ==
        Error{.code = ErrorCode::kWrongLength, .field = "institutions", .position = 1});
}

TEST_CASE("wire: every malformation of every field of a live question has its own error") {
  SeededRandom random(16);
  const std::vector<exchange::LiveQuestion> questions = {samples::live_question(random),
                                                         samples::live_question(random)};
  break_element(parsed<v1::ReplyFrame>(encode_questions(questions)), "questions", 1, decode_reply);
}

TEST_CASE("wire: a live question tells of twenty wrong items at most, in numbers that fit") {
  SeededRandom random(18);
  const std::vector<exchange::LiveQuestion> questions = {samples::live_question(random)};
  auto frame = parsed<v1::ReplyFrame>(encode_questions(questions));
  v1::LiveQuestion& question = *frame.mutable_questions(0);
  question.clear_wrong();
  for (std::size_t i = 0; i < limits::kMaxWrongItemsTold; ++i) question.add_wrong()->set_item(7);
  const auto read = decode_replies(bytes_of(frame));
  REQUIRE(read.ok());
  CHECK(read->questions.at(0).wrong.size() == limits::kMaxWrongItemsTold);
  question.add_wrong();
  CHECK(decode_reply(bytes_of(frame)) ==
        Error{.code = ErrorCode::kTooManyItems, .field = "wrong", .position = 0});
  question.mutable_wrong()->RemoveLast();
  question.mutable_wrong(0)->set_item(65'536);
  CHECK(decode_reply(bytes_of(frame)).value().field == "item");
}

TEST_CASE("wire: a hand-over needs its question, a size and the word that questions are taken") {
  SeededRandom random(17);
  const exchange::HandOver answer = samples::hand_over(random);
  const auto frame = parsed<v1::QueryFrame>(encode_hand_over(&answer));
  const auto error = [](const v1::QueryFrame& broken) {
    const auto read = decode_query_frame(bytes_of(broken));
    REQUIRE_FALSE(read.ok());
    return read.error();
  };
  v1::QueryFrame broken = frame;
  broken.mutable_hand_overs(0)->set_request("short");
  CHECK(error(broken) == Error{.code = ErrorCode::kWrongLength, .field = "request", .position = 0});
  broken = frame;
  broken.mutable_hand_overs(0)->clear_request();
  CHECK(error(broken) ==
        Error{.code = ErrorCode::kMissingField, .field = "request", .position = 0});
  broken = frame;
  broken.mutable_hand_overs(0)->set_content(std::string(limits::kMaxCopyBytes + 1, 'x'));
  CHECK(error(broken) == Error{.code = ErrorCode::kWrongLength, .field = "content", .position = 0});
  broken = frame;
  broken.clear_answering();
  CHECK(error(broken) == Error{.code = ErrorCode::kMissingField, .field = "answering"});
}

TEST_CASE("wire: every malformation of every field of a reply has its own error") {
  SeededRandom random(14);
  std::vector<exchange::Reply> replies = {samples::reply(random), samples::reply(random)};
  for (exchange::Reply& reply : replies) reply.receipt = samples::receipt(random);
  const auto frame = parsed<v1::ReplyFrame>(encode_replies(replies).front());
  break_element(frame, "replies", 1, decode_reply);
  break_element(frame, "witnesses", 1, decode_reply);
  v1::ReplyFrame error_frame = parsed<v1::ReplyFrame>(encode_frame_error({}));
  const Target target{.whole = error_frame,
                      .find = [](Message& whole) -> Message* {
                        return dynamic_cast<v1::ReplyFrame&>(whole).mutable_error();
                      },
                      .decode = decode_reply};
  break_every_field(target, *v1::FrameError::descriptor());
}

TEST_CASE("wire: what no log ever holds is in no receipt") {
  SeededRandom random(20);
  exchange::Reply reply = samples::reply(random);
  reply.receipt = samples::receipt(random);
  const auto frame = parsed<v1::ReplyFrame>(encode_replies({&reply, 1}).front());
  const auto error = [](const v1::ReplyFrame& broken) {
    const auto read = decode_replies(bytes_of(broken));
    REQUIRE_FALSE(read.ok());
    return read.error();
  };
  const auto entry_with = [&](std::size_t at, char value) {
    v1::ReplyFrame broken = frame;
    broken.mutable_replies(0)->mutable_receipt()->mutable_entry()->at(at) = value;
    return broken;
  };
  using enum ErrorCode;
  CHECK(error(entry_with(17, '2')) ==
        Error{.code = kUnsupportedVersion, .field = "entry", .position = 0});
  CHECK(error(entry_with(30, 9)) ==
        Error{.code = kUnknownEnumValue, .field = "entry", .position = 0});
  CHECK(error(entry_with(50, 1)) == Error{.code = kWrongFormat, .field = "entry", .position = 0});
  v1::ReplyFrame broken = frame;
  broken.mutable_witnesses(0)->mutable_head()->replace(4, 8, std::string(8, '\0'));
  CHECK(error(broken) == Error{.code = kWrongFormat, .field = "head", .position = 0});
  broken = frame;
  broken.mutable_witnesses(0)->clear_delegation();
  CHECK(error(broken) == Error{.code = kMissingField, .field = "delegation", .position = 0});
  broken = frame;
  broken.mutable_replies(0)->mutable_receipt()->mutable_log_path()->assign(65 * 32, 'x');
  CHECK(error(broken) == Error{.code = kWrongLength, .field = "log_path", .position = 0});
}

TEST_CASE("wire: a malformed query has its own error and leaves its neighbours alone") {
  SeededRandom random(15);
  const std::vector<exchange::Query> queries = {samples::query(random), samples::query(random),
                                                samples::query(random)};
  const auto frame = parsed<v1::QueryFrame>(encode_queries(queries));
  int broken = 0;
  const Decoder decode = [&](ByteView bytes) -> std::optional<Error> {
    const auto read = decode_query_frame(bytes);
    REQUIRE(read.ok());
    REQUIRE(read->queries.size() == 3);
    CHECK(*read->queries.at(0).query == queries[0]);
    CHECK(*read->queries.at(2).query == queries[2]);
    CHECK(read->queries.at(1).key == queries[1].key);
    ++broken;
    Error error = read->queries.at(1).query.error();
    error.position = 1;
    return error;
  };
  break_element(frame, "queries", 1, decode);
  CHECK(broken == 21);
}

TEST_CASE("wire: a key that cannot be read spoils the frame") {
  SeededRandom random(16);
  const std::vector<exchange::Query> queries = {samples::query(random), samples::query(random)};
  for (const std::size_t size : {std::size_t{0}, std::size_t{15}, std::size_t{17}}) {
    auto frame = parsed<v1::QueryFrame>(encode_queries(queries));
    frame.mutable_queries(1)->set_key(std::string(size, 'k'));
    const auto read = decode_query_frame(bytes_of(frame));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error() == Error{.code = ErrorCode::kWrongLength, .field = "key", .position = 1});
  }
  const std::vector<exchange::Reply> replies = {samples::reply(random)};
  auto frame = parsed<v1::ReplyFrame>(encode_replies(replies).front());
  frame.mutable_replies(0)->clear_key();
  const auto read = decode_replies(bytes_of(frame));
  REQUIRE_FALSE(read.ok());
  CHECK(read.error() == Error{.code = ErrorCode::kMissingField, .field = "key", .position = 0});
}

TEST_CASE("wire: a section is one line of UTF-8 without a personal number") {
  struct Row {
    std::string section;
    std::optional<ErrorCode> error;
  };
  const std::vector<Row> rows = {{"福祉課 第2係", std::nullopt},
                                 {"内線 123456789010", std::nullopt},
                                 {"123456789018", ErrorCode::kPersonalNumberPresent},
                                 {"照会 1234-5678-9018 分", ErrorCode::kPersonalNumberPresent},
                                 {"\x95\x9f\x8e\x83\x89\xdb", ErrorCode::kWrongFormat},  // CP932
                                 {"\xC0\xAF", ErrorCode::kWrongFormat},                  // overlong
                                 {"\xED\xA0\x80", ErrorCode::kWrongFormat},      // surrogate
                                 {"\xF4\x90\x80\x80", ErrorCode::kWrongFormat},  // above U+10FFFF
                                 {"\xE7\xA6", ErrorCode::kWrongFormat},          // cut off
                                 {"\xF0\x9F\x98\x80", std::nullopt},
                                 {"福祉課\n", ErrorCode::kWrongFormat},
                                 {std::string("a\0b", 3), ErrorCode::kWrongFormat}};
  SeededRandom random(17);
  for (const Row& row : rows) {
    exchange::Query query = samples::query(random);
    query.subject.section = row.section;
    const auto checked = check_query(query);
    const auto read = decode_query_frame(encode_queries({&query, 1}));
    REQUIRE(read.ok());
    REQUIRE(read->queries.size() == 1);
    REQUIRE(checked.ok() == !row.error.has_value());
    REQUIRE(read->queries.at(0).query.ok() == !row.error.has_value());
    if (row.error) {
      const Error expected{.code = *row.error, .field = "section"};
      CHECK(checked.error() == expected);
      CHECK(read->queries.at(0).query.error() == expected);
    }
  }
}

}  // namespace nakadachi::wire
