#include "nakadachi/wire/oltp_frame.hpp"

#include "codec.hpp"
#include "frame_size.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/oltp.pb.h"
#include "subject_fields.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::uint32_t kVersion = 1;
// key 18, person 9, subject 5 × 9 + 2 + 62 + 131, tags and lengths 7: the largest query.
constexpr std::size_t kMostQueryBytes =
    18 + 9 + (5 * 9 + 2 + 2 + limits::kMaxSectionBytes + 3 + 2 * limits::kMaxItemsAsked) + 7;
// A question has a request for a key, and an item and two times more.
constexpr std::size_t kMostQuestionBytes = kMostQueryBytes + 4 + 8 + 8;
static_assert(kMostQuestionBytes * limits::kMaxQueriesPerFrame + 2 <= limits::kMaxClientFrameBytes,
              "a full frame of queries keeps to the limit");

void put(const exchange::Query& from, v1::Query& to) {
  NAKADACHI_PUT(to, key, from.key.view());
  to.set_person(from.person.reveal());
  put_subject(from.subject, *to.mutable_subject());
}

Result<exchange::Query> read_query(const v1::Query& from, const RequestKey& key) {
  FieldReader reader;
  exchange::Subject subject;
  read_subject(from.has_subject(), from.subject(), reader, subject);
  if (reader.require(from.has_person(), "person")) {
    auto person = AddressNumber::from_number(from.person());
    if (person) return exchange::Query{key, *person, std::move(subject)};
    reader.fail(person.error().code, "person");
  }
  return reader.error();
}

void put(const exchange::Reply& from, v1::Reply& to) {
  NAKADACHI_ASSERT(from.answer.size() <= limits::kMaxAnswerBytes);
  NAKADACHI_PUT(to, key, from.key.view());
  to.set_concluded(from.concluded);
  to.set_outcome(static_cast<v1::Outcome>(from.outcome));
  to.set_code(static_cast<std::uint32_t>(from.code));
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
  if (from.retry_after_ms != 0) to.set_retry_after_ms(from.retry_after_ms);
  if (!from.answer.empty()) NAKADACHI_PUT(to, answer, from.answer);
}

void read(const v1::Reply& from, FieldReader& reader, exchange::Reply& to) {
  reader.fixed(NAKADACHI_FIELD(from, key), to.key);
  if (!reader.require(from.has_concluded(), "concluded")) return;
  to.concluded = from.concluded();
  reader.one_of(NAKADACHI_FIELD(from, outcome), exchange::kLastOutcome, to.outcome);
  reader.error_code(NAKADACHI_FIELD(from, code), to.code);
  if (from.has_legal_item()) reader.small(NAKADACHI_FIELD(from, legal_item), to.legal_item);
  to.retry_after_ms = from.retry_after_ms();
  reader.bytes(NAKADACHI_FIELD(from, answer), limits::kMaxAnswerBytes, to.answer);
}

void put(const exchange::LiveQuestion& from, v1::LiveQuestion& to) {
  NAKADACHI_PUT(to, request, from.request.view());
  to.set_person(from.person.reveal());
  put_subject(from.subject, *to.mutable_subject());
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
  to.set_asked_at(from.asked_at.ms);
  to.set_valid_until(from.valid_until.ms);
}

Result<exchange::LiveQuestion> read_question(const v1::LiveQuestion& from) {
  FieldReader reader;
  exchange::Subject subject;
  ExchangeId request;
  reader.fixed(NAKADACHI_FIELD(from, request), request);
  read_subject(from.has_subject(), from.subject(), reader, subject);
  reader.require(from.has_person(), "person");
  const auto person = AddressNumber::from_number(from.person());
  if (!person) reader.fail(person.error().code, "person");
  if (reader.failed()) return reader.error();
  exchange::LiveQuestion question{.request = request, .person = *person, .subject = subject};
  if (from.has_legal_item()) reader.small(NAKADACHI_FIELD(from, legal_item), question.legal_item);
  reader.time(NAKADACHI_FIELD(from, asked_at), question.asked_at);
  reader.time(NAKADACHI_FIELD(from, valid_until), question.valid_until);
  if (reader.failed()) return reader.error();
  return question;
}

/// Checks form and version of a frame and fills its generated message.
template <class Frame>
Result<void> open_frame(ByteView bytes, Frame& frame) {
  if (bytes.size() > limits::kMaxClientFrameBytes) return ErrorCode::kOversize;
  static const Shape shape(*Frame::descriptor(), limits::kMaxQueriesPerFrame);
  NAKADACHI_CHECK(parse(bytes, shape, frame));
  if (frame.version() != kVersion) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"};
  }
  return {};
}

Error at_position(Error error, int position) {
  error.position = position;
  return error;
}

/// The replies from `next` on that fit one frame; moves `next` past them.
Bytes encode_some(std::span<const exchange::Reply> replies, std::size_t& next) {
  ArenaScope scope;
  auto& frame = scope.make<v1::ReplyFrame>();
  frame.set_version(kVersion);
  std::size_t size = frame.ByteSizeLong();
  const std::size_t last = std::min(replies.size(), next + limits::kMaxQueriesPerFrame);
  for (; next < last; ++next) {
    v1::Reply& added = *frame.add_replies();
    put(replies[next], added);
    size += size_in_frame(added);
    if (size > limits::kMaxClientFrameBytes) {
      frame.mutable_replies()->RemoveLast();
      break;
    }
  }
  return serialise(frame);
}

}  // namespace

Result<void> check_query(const exchange::Query& query) {
  NAKADACHI_CHECK(check_section(query.subject.section));
  return check_items(query.subject.items);
}

Bytes encode_queries(std::span<const exchange::Query> queries) {
  NAKADACHI_ASSERT(queries.size() <= limits::kMaxQueriesPerFrame);
  ArenaScope scope;
  auto& frame = scope.make<v1::QueryFrame>();
  frame.set_version(kVersion);
  for (const exchange::Query& query : queries) {
    NAKADACHI_ASSERT(query.subject.section.size() <= limits::kMaxSectionBytes);
    NAKADACHI_ASSERT(query.subject.items.size() <= limits::kMaxItemsAsked);
    put(query, *frame.add_queries());
  }
  return serialise(frame);
}

Bytes encode_hand_over(const exchange::HandOver* answer) {
  ArenaScope scope;
  auto& frame = scope.make<v1::QueryFrame>();
  frame.set_version(kVersion);
  frame.set_answering(true);
  if (answer != nullptr) {
    NAKADACHI_ASSERT(answer->content.size() <= limits::kMaxCopyBytes);
    v1::HandOver& to = *frame.add_hand_overs();
    NAKADACHI_PUT(to, request, answer->request.view());
    if (!answer->content.empty()) NAKADACHI_PUT(to, content, answer->content);
  }
  return serialise(frame);
}

Result<QueryFrame> decode_query_frame(ByteView frame) {
  ArenaScope scope;
  auto& opened = scope.make<v1::QueryFrame>();
  NAKADACHI_CHECK(open_frame(frame, opened));
  QueryFrame decoded;
  decoded.answering = opened.answering();
  decoded.queries.reserve(static_cast<std::size_t>(opened.queries_size()));
  for (int i = 0; i < opened.queries_size(); ++i) {
    const v1::Query& query = opened.queries(i);
    const auto key = RequestKey::from(as_bytes(query.key()));
    if (!key) return Error{.code = ErrorCode::kWrongLength, .field = "key", .position = i};
    decoded.queries.push_back({*key, read_query(query, *key)});
  }
  if (!decoded.answering && opened.hand_overs_size() > 0) {
    return Error{.code = ErrorCode::kMissingField, .field = "answering"};
  }
  decoded.hand_overs.resize(static_cast<std::size_t>(opened.hand_overs_size()));
  for (int i = 0; i < opened.hand_overs_size(); ++i) {
    const v1::HandOver& from = opened.hand_overs(i);
    exchange::HandOver& to = decoded.hand_overs[static_cast<std::size_t>(i)];
    FieldReader reader;
    reader.fixed(NAKADACHI_FIELD(from, request), to.request);
    reader.bytes(NAKADACHI_FIELD(from, content), limits::kMaxCopyBytes, to.content);
    if (reader.failed()) return at_position(reader.error(), i);
  }
  return decoded;
}

std::vector<Bytes> encode_replies(std::span<const exchange::Reply> replies) {
  std::vector<Bytes> frames;
  std::size_t next = 0;
  while (next < replies.size()) frames.push_back(encode_some(replies, next));
  return frames;
}

Bytes encode_questions(std::span<const exchange::LiveQuestion> questions) {
  NAKADACHI_ASSERT(questions.size() <= limits::kMaxQueriesPerFrame);
  ArenaScope scope;
  auto& frame = scope.make<v1::ReplyFrame>();
  frame.set_version(kVersion);
  for (const exchange::LiveQuestion& question : questions) put(question, *frame.add_questions());
  return serialise(frame);
}

Bytes encode_frame_error(const Error& error) {
  ArenaScope scope;
  auto& frame = scope.make<v1::ReplyFrame>();
  frame.set_version(kVersion);
  frame.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  frame.mutable_error()->set_position(error.position);
  return serialise(frame);
}

Result<ReplyFrame> decode_replies(ByteView frame) {
  ArenaScope scope;
  auto& opened = scope.make<v1::ReplyFrame>();
  NAKADACHI_CHECK(open_frame(frame, opened));
  ReplyFrame decoded;
  decoded.replies.resize(static_cast<std::size_t>(opened.replies_size()));
  for (int i = 0; i < opened.replies_size(); ++i) {
    FieldReader reader;
    read(opened.replies(i), reader, decoded.replies[static_cast<std::size_t>(i)]);
    if (reader.failed()) return at_position(reader.error(), i);
  }
  decoded.questions.reserve(static_cast<std::size_t>(opened.questions_size()));
  for (int i = 0; i < opened.questions_size(); ++i) {
    auto question = read_question(opened.questions(i));
    if (!question) return at_position(question.error(), i);
    decoded.questions.push_back(*std::move(question));
  }
  if (opened.has_error()) {
    FieldReader reader;
    Error error;
    reader.error_code(NAKADACHI_FIELD(opened.error(), code), error.code);
    if (reader.require(opened.error().has_position(), "position")) {
      error.position = opened.error().position();
    }
    if (reader.failed()) return reader.error();
    decoded.frame_errors.push_back(std::move(error));
  }
  return decoded;
}

}  // namespace nakadachi::wire
