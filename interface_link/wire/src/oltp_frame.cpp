#include "nakadachi/wire/oltp_frame.hpp"

#include <unordered_map>

#include "codec.hpp"
#include "frame_size.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/oltp.pb.h"
#include "proof_fields.hpp"
#include "subject_fields.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::uint32_t kOltpVersion = 1;
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

void put(const records::Witness& from, v1::Witness& to) {
  NAKADACHI_ASSERT(from.head_path.nodes.size() <= limits::kMaxPathNodes);
  const Bytes head = records::encode(from.head);
  NAKADACHI_PUT(to, head, head);
  to.set_head_index(from.head_path.index);
  put_digests(from.head_path.nodes, *to.mutable_head_path());
  wire::put(from.train, *to.mutable_train());
  wire::put(from.delegation, *to.mutable_delegation());
}

void read_head(const v1::Witness& from, FieldReader& reader, records::LogHead& to) {
  if (!reader.require(from.has_head(), "head")) return;
  if (from.head().size() != records::kHeadBytes)
    return reader.fail(ErrorCode::kWrongLength, "head");
  if (const auto heads = records::decode_heads(as_bytes(from.head()))) {
    to = heads->front();
  } else {
    reader.fail(heads.error().code, "head");
  }
}

void read(const v1::Witness& from, FieldReader& reader, records::Witness& to) {
  read_head(from, reader, to.head);
  if (!reader.require(from.has_head_index(), "head_index")) return;
  to.head_path.index = from.head_index();
  read_digests(NAKADACHI_FIELD(from, head_path), limits::kMaxPathNodes, reader, to.head_path.nodes);
  if (reader.require(from.has_train(), "train")) wire::read(from.train(), reader, to.train);
  if (reader.require(from.has_delegation(), "delegation")) {
    wire::read(from.delegation(), reader, to.delegation);
  }
}

void put(const records::Receipt& from, std::uint32_t witness, v1::Receipt& to) {
  NAKADACHI_ASSERT(from.statement.size() <= limits::kMaxStatementBytes);
  NAKADACHI_ASSERT(from.log_path.size() <= records::kMaxLogPathNodes);
  const Bytes entry = records::encode(from.entry);
  NAKADACHI_PUT(to, entry, entry);
  NAKADACHI_PUT(to, statement, from.statement);
  NAKADACHI_PUT(to, salt, from.salt.view());
  put_digests(from.log_path, *to.mutable_log_path());
  to.set_witness(witness);
}

using Witnesses = std::vector<std::shared_ptr<const records::Witness>>;

void read(const v1::Receipt& from, const Witnesses& witnesses, FieldReader& reader,
          records::Receipt& to) {
  if (!reader.require(from.has_entry(), "entry")) return;
  const auto entry = records::decode_entry(as_bytes(from.entry()));
  if (!entry) return reader.fail(entry.error().code, "entry");
  to.entry = *entry;
  if (!reader.require(from.has_statement(), "statement")) return;
  reader.bytes(NAKADACHI_FIELD(from, statement), limits::kMaxStatementBytes, to.statement);
  reader.fixed(NAKADACHI_FIELD(from, salt), to.salt);
  read_digests(NAKADACHI_FIELD(from, log_path), records::kMaxLogPathNodes, reader, to.log_path);
  if (!reader.require(from.has_witness(), "witness")) return;
  if (from.witness() >= witnesses.size()) return reader.fail(ErrorCode::kMissingField, "witness");
  to.witness = witnesses[from.witness()];
}

void put(const exchange::LiveQuestion& from, v1::LiveQuestion& to) {
  NAKADACHI_PUT(to, request, from.request.view());
  to.set_person(from.person.reveal());
  put_subject(from.subject, *to.mutable_subject());
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
  to.set_asked_at(from.asked_at.ms);
  to.set_valid_until(from.valid_until.ms);
  for (const exchange::WrongItem& wrong : from.wrong) {
    v1::WrongItem& made = *to.add_wrong();
    if (wrong.item != 0) made.set_item(wrong.item);
    if (wrong.fault != 0) made.set_fault(wrong.fault);
  }
}

void read_wrong(const v1::LiveQuestion& from, FieldReader& reader,
                std::vector<exchange::WrongItem>& to) {
  if (from.wrong_size() > static_cast<int>(limits::kMaxWrongItemsTold)) {
    return reader.fail(ErrorCode::kTooManyItems, "wrong");
  }
  for (const v1::WrongItem& wrong : from.wrong()) {
    exchange::WrongItem& one = to.emplace_back();
    if (wrong.has_item()) reader.small(NAKADACHI_FIELD(wrong, item), one.item);
    if (wrong.has_fault()) reader.small(NAKADACHI_FIELD(wrong, fault), one.fault);
  }
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
  read_wrong(from, reader, question.wrong);
  if (reader.failed()) return reader.error();
  return question;
}

/// Checks form and version of a frame and fills its generated message.
template <class Frame>
Result<void> open_frame(ByteView bytes, Frame& frame) {
  if (bytes.size() > limits::kMaxClientFrameBytes) return ErrorCode::kOversize;
  static const Shape shape(*Frame::descriptor(), limits::kMaxQueriesPerFrame);
  NAKADACHI_CHECK(parse(bytes, shape, frame));
  if (frame.version() != kOltpVersion) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "version"};
  }
  return {};
}

Error at_position(Error error, int position) {
  error.position = position;
  return error;
}

/// One frame of replies being filled. A witness that several of them share stands there
/// once, found again by pointer.
class ReplyWriter {
 public:
  ReplyWriter() : frame_(scope_.make<v1::ReplyFrame>()) {
    frame_.set_version(kOltpVersion);
    bytes_ += frame_.ByteSizeLong();
  }

  /// False when the frame has no room for the reply; nothing more is added then.
  bool add(const exchange::Reply& reply) {
    if (static_cast<std::size_t>(frame_.replies_size()) == limits::kMaxQueriesPerFrame) {
      return false;
    }
    const int witnesses = frame_.witnesses_size();
    v1::Reply& added = *frame_.add_replies();
    put(reply, added);
    if (reply.receipt != nullptr) {
      put(*reply.receipt, place_of(reply.receipt->witness), *added.mutable_receipt());
    }
    std::size_t size = size_in_frame(added);
    const bool brought = frame_.witnesses_size() > witnesses;
    if (brought) size += size_in_frame(frame_.witnesses(witnesses));
    if (bytes_ + size > limits::kMaxClientFrameBytes) {
      frame_.mutable_replies()->RemoveLast();
      if (brought) frame_.mutable_witnesses()->RemoveLast();
      return false;
    }
    bytes_ += size;
    return true;
  }

  Bytes finish() { return serialise(frame_); }

 private:
  std::uint32_t place_of(const std::shared_ptr<const records::Witness>& witness) {
    NAKADACHI_ASSERT(witness != nullptr);
    const auto place = static_cast<std::uint32_t>(frame_.witnesses_size());
    const auto [known, is_new] = places_.try_emplace(witness.get(), place);
    if (is_new) put(*witness, *frame_.add_witnesses());
    return known->second;
  }

  ArenaScope scope_;
  v1::ReplyFrame& frame_;
  std::size_t bytes_ = 0;
  std::unordered_map<const records::Witness*, std::uint32_t> places_;
};

/// The replies from `next` on that fit one frame; moves `next` past them.
Bytes encode_some(std::span<const exchange::Reply> replies, std::size_t& next) {
  ReplyWriter writer;
  const std::size_t first = next;
  while (next < replies.size() && writer.add(replies[next])) ++next;
  NAKADACHI_ASSERT(next > first);
  return writer.finish();
}

Result<Witnesses> read_witnesses(const v1::ReplyFrame& frame) {
  Witnesses witnesses;
  witnesses.reserve(static_cast<std::size_t>(frame.witnesses_size()));
  for (int i = 0; i < frame.witnesses_size(); ++i) {
    FieldReader reader;
    records::Witness witness;
    read(frame.witnesses(i), reader, witness);
    if (reader.failed()) return at_position(reader.error(), i);
    witnesses.push_back(std::make_shared<const records::Witness>(std::move(witness)));
  }
  return witnesses;
}

Result<void> read_replies(const v1::ReplyFrame& frame, std::vector<exchange::Reply>& to) {
  NAKADACHI_TRY(const Witnesses witnesses, read_witnesses(frame));
  to.resize(static_cast<std::size_t>(frame.replies_size()));
  for (int i = 0; i < frame.replies_size(); ++i) {
    exchange::Reply& reply = to[static_cast<std::size_t>(i)];
    FieldReader reader;
    read(frame.replies(i), reader, reply);
    if (frame.replies(i).has_receipt()) {
      records::Receipt receipt;
      read(frame.replies(i).receipt(), witnesses, reader, receipt);
      reply.receipt = std::make_shared<const records::Receipt>(std::move(receipt));
    }
    if (reader.failed()) return at_position(reader.error(), i);
  }
  return {};
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
  frame.set_version(kOltpVersion);
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
  frame.set_version(kOltpVersion);
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
  frame.set_version(kOltpVersion);
  for (const exchange::LiveQuestion& question : questions) put(question, *frame.add_questions());
  return serialise(frame);
}

Bytes encode_frame_error(const Error& error) {
  ArenaScope scope;
  auto& frame = scope.make<v1::ReplyFrame>();
  frame.set_version(kOltpVersion);
  frame.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
  frame.mutable_error()->set_position(error.position);
  return serialise(frame);
}

Result<ReplyFrame> decode_replies(ByteView frame) {
  ArenaScope scope;
  auto& opened = scope.make<v1::ReplyFrame>();
  NAKADACHI_CHECK(open_frame(frame, opened));
  ReplyFrame decoded;
  NAKADACHI_CHECK(read_replies(opened, decoded.replies));
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
