#include "tests/unit/wire/samples.hpp"

#include <array>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::wire::samples {
namespace {

constexpr std::uint64_t kTenTo14 = 100'000'000'000'000;
constexpr std::uint64_t kTenTo15 = 10 * kTenTo14;
constexpr std::uint64_t kTenTo16 = 10 * kTenTo15;

/// Up to `most` bytes; often none and often as many as may be.
Bytes up_to(SeededRandom& random, std::size_t most) {
  switch (random.below(6)) {
    case 0:
      return {};
    case 1:
      return bytes(random, most);
    default:
      return bytes(random, static_cast<std::size_t>(random.below(200)));
  }
}

template <class Enum>
Enum up_to_last(SeededRandom& random, Enum last) {
  return static_cast<Enum>(1 + random.below(static_cast<std::uint64_t>(last)));
}

std::string section(SeededRandom& random) {
  constexpr std::array<std::string_view, 5> kSections = {
      "", "福祉課", "Welfare", "子育て支援課 𠮷田分室", "課税課課税課課税課課税課課税課課税課課税"};
  return std::string(kSections[static_cast<std::size_t>(random.below(kSections.size()))]);
}

std::vector<std::uint16_t> items(SeededRandom& random) {
  std::vector<std::uint16_t> made;
  if (random.chance(500)) return made;
  std::uint64_t item = 0;
  for (std::uint64_t i = random.below(limits::kMaxItemsAsked + 1); i > 0; --i) {
    item += 1 + random.below(1'000);
    made.push_back(static_cast<std::uint16_t>(item));
  }
  return made;
}

std::vector<Digest> digests(SeededRandom& random, std::size_t most) {
  std::vector<Digest> made(static_cast<std::size_t>(random.below(most + 1)));
  for (Digest& digest : made) random.fill(digest.writable());
  return made;
}

Symbol symbol(SeededRandom& random) { return *Symbol::from(bytes(random, Symbol::kSize)); }

}  // namespace

Bytes bytes(SeededRandom& random, std::size_t size) {
  Bytes made(size);
  random.fill(made);
  return made;
}

Timestamp time(SeededRandom& random) {
  constexpr std::int64_t kLast = (std::int64_t{1} << 48) - 1;
  switch (random.below(10)) {
    case 0:
      return {0};
    case 1:
      return {kLast};
    default:
      return {static_cast<std::int64_t>(random.below(std::uint64_t{1} << 48))};
  }
}

InstitutionCode institution(SeededRandom& random) {
  return *InstitutionCode::from_number(random.below(kTenTo16));
}

ErrorCode error_code(SeededRandom& random) {
  const auto texts = error_texts();
  return texts[static_cast<std::size_t>(random.below(texts.size()))].code;
}

exchange::Outcome outcome(SeededRandom& random) {
  return up_to_last(random, exchange::kLastOutcome);
}

exchange::Subject subject(SeededRandom& random) {
  return {.asker = institution(random),
          .provider = institution(random),
          .affair = *AffairCode::from_number(random.below(kTenTo14)),
          .procedure = *ProcedureCode::from_number(random.below(kTenTo14)),
          .kind = *InformationKind::from_number(random.below(kTenTo14)),
          .items = items(random),
          .non_disclosure = random.chance(500),
          .section = section(random)};
}

AddressNumber person(SeededRandom& random) {
  return *AddressNumber::from_number(random.below(kTenTo15));
}

exchange::Query query(SeededRandom& random) {
  return {random.make<RequestKey>(), person(random), subject(random)};
}

exchange::Reply reply(SeededRandom& random) {
  return {.key = random.make<RequestKey>(),
          .concluded = random.chance(500),
          .outcome = outcome(random),
          .code = error_code(random),
          .legal_item = static_cast<std::uint16_t>(random.below(65536)),
          .retry_after_ms = static_cast<std::uint32_t>(random.next()),
          .answer = up_to(random, limits::kMaxAnswerBytes),
          .receipt = random.chance(500) ? receipt(random) : nullptr};
}

std::shared_ptr<const records::Receipt> receipt(SeededRandom& random) {
  records::Witness witness;
  witness.head = {.tenant = TenantId{static_cast<std::uint32_t>(random.next())},
                  .size = 1 + random.below(1'000),
                  .root = random.make<Digest>()};
  witness.head_path.index = static_cast<std::uint32_t>(random.next());
  witness.head_path.nodes = digests(random, limits::kMaxPathNodes);
  witness.train = *batch(random);
  witness.delegation = *delegation(random);
  records::LogEntry entry;
  entry.tenant = witness.head.tenant;
  entry.number = random.next();
  entry.id = random.make<ExchangeId>();
  entry.part = static_cast<std::uint8_t>(exchange::StatementKind::kConclusion);
  entry.outcome = static_cast<std::uint16_t>(outcome(random));
  entry.units.cause = Cause::kOwnQuery;
  entry.leaf = random.make<Digest>();
  return std::make_shared<const records::Receipt>(
      records::Receipt{.entry = entry,
                       .statement = encode(conclusion(random)),
                       .salt = random.make<Salt>(),
                       .log_path = digests(random, records::kMaxLogPathNodes),
                       .witness = std::make_shared<const records::Witness>(std::move(witness))});
}

exchange::Inquiry inquiry(SeededRandom& random) {
  return {.subject = subject(random),
          .symbol = symbol(random),
          .asked_at = time(random),
          .valid_until = time(random),
          .nonce = random.make<Salt>()};
}

exchange::Permit permit(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .subject = subject(random),
          .symbol = symbol(random),
          .asked_at = time(random),
          .issued_at = time(random),
          .valid_until = time(random),
          .legal_item = static_cast<std::uint16_t>(random.below(65536)),
          .law = random.next()};
}

exchange::Refusal refusal(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .asker = institution(random),
          .provider = institution(random),
          .reason = error_code(random),
          .refused_at = time(random),
          .law = random.next()};
}

exchange::Provision provision(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .permit_hash = random.make<Digest>(),
          .asker = institution(random),
          .provider = institution(random),
          .outcome = outcome(random),
          .reason = error_code(random),
          .provided_at = time(random),
          .law = random.next(),
          .non_disclosure = random.chance(500),
          .sealed_answer = up_to(random, limits::kMaxAnswerBytes + 60)};
}

exchange::Conclusion conclusion(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .subject = subject(random),
          .symbol = symbol(random),
          .outcome = outcome(random),
          .reason = error_code(random),
          .legal_item = static_cast<std::uint16_t>(random.below(65536)),
          .asked_at = time(random),
          .concluded_at = time(random),
          .provision_leaf = random.make<Digest>(),
          .provided_at = time(random),
          .provider_non_disclosure = random.chance(500),
          .answer_hash = random.make<Digest>(),
          .key = random.make<RequestKey>()};
}

exchange::StatusQuery status_query(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .asker = institution(random),
          .provider = institution(random),
          .asked_at = time(random),
          .valid_until = time(random)};
}

exchange::StatusReply status_reply(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .asker = institution(random),
          .provider = institution(random),
          .status = up_to_last(random, exchange::kLastStatus),
          .at = time(random),
          .wish_asked_at = random.chance(500) ? time(random) : Timestamp()};
}

exchange::SymbolNotice symbol_notice(SeededRandom& random) {
  return {.institution = institution(random),
          .acquisition_number = random.next(),
          .already_acquired = random.chance(500),
          .symbol = symbol(random),
          .issued_at = time(random)};
}

exchange::SymbolReceipt symbol_receipt(SeededRandom& random) {
  return {
      .institution = institution(random), .acquisition_number = random.next(), .at = time(random)};
}

exchange::AcquisitionRequest acquisition_request(SeededRandom& random) {
  return {.request_hash = random.make<Digest>(),
          .asker = institution(random),
          .provider = institution(random),
          .asked_at = time(random),
          .sealed_items = up_to(random, 1'000)};
}

StoredContent stored_content(SeededRandom& random) {
  return {.statement = up_to(random, limits::kMaxStatementBytes),
          .content_hash = random.make<Digest>(),
          .key = random.make<RequestKey>(),
          .system = static_cast<std::uint32_t>(random.next()),
          .answer = up_to(random, limits::kMaxAnswerBytes),
          .who = section(random),
          .why = section(random),
          .within_body = person(random),
          .permit = up_to(random, limits::kMaxStatementBytes),
          .legal_item = static_cast<std::uint16_t>(random.below(65536))};
}

exchange::LiveQuestion live_question(SeededRandom& random) {
  return {.request = random.make<ExchangeId>(),
          .person = person(random),
          .subject = subject(random),
          .legal_item = static_cast<std::uint16_t>(random.below(65536)),
          .asked_at = time(random),
          .valid_until = time(random),
          .wrong = random.chance(500) ? std::vector<exchange::WrongItem>{}
                                      : std::vector<exchange::WrongItem>{
                                            {static_cast<std::uint16_t>(random.below(65536)),
                                             static_cast<std::uint16_t>(random.below(65536))},
                                            {}}};
}

exchange::HandOver hand_over(SeededRandom& random) {
  return {.request = random.make<ExchangeId>(), .content = up_to(random, limits::kMaxCopyBytes)};
}

crypto::SealedAnswer sealed_answer(SeededRandom& random) {
  crypto::SealedAnswer sealed{.ephemeral = random.make<SealingPublicKey>(),
                              .nonce = random.make<crypto::Aead::Nonce>(),
                              .ciphertext = up_to(random, limits::kMaxAnswerBytes)};
  append(sealed.ciphertext, bytes(random, crypto::Aead::kTagSize));
  return sealed;
}

std::shared_ptr<const crypto::BatchHeader> batch(SeededRandom& random) {
  return std::make_shared<crypto::BatchHeader>(
      crypto::BatchHeader{.purpose = up_to_last(random, crypto::BatchPurpose::kStatus),
                          .signer = random.make<PublicKey>(),
                          .lane = {static_cast<std::uint16_t>(random.below(65536))},
                          .epoch = {random.next()},
                          .number = {random.next()},
                          .size = static_cast<std::uint32_t>(random.next()),
                          .root = random.make<Digest>(),
                          .signed_at = time(random),
                          .signature = random.make<Signature>()});
}

std::shared_ptr<const crypto::Delegation> delegation(SeededRandom& random) {
  return std::make_shared<crypto::Delegation>(
      crypto::Delegation{.institution = institution(random),
                         .node_key = random.make<PublicKey>(),
                         .from = time(random),
                         .until = time(random),
                         .signature = random.make<Signature>()});
}

LinkItem item(SeededRandom& random, std::shared_ptr<const crypto::BatchHeader> batch,
              std::shared_ptr<const crypto::Delegation> delegation) {
  LinkItem made{.kind = up_to_last(random, exchange::kLastStatementKind),
                .to = institution(random),
                .statement = bytes(random, static_cast<std::size_t>(random.below(400))),
                .salt = random.make<Salt>(),
                .path = {},
                .batch = std::move(batch),
                .delegation = std::move(delegation)};
  made.path.index = static_cast<std::uint32_t>(random.next());
  made.path.nodes = digests(random, limits::kMaxPathNodes);
  return made;
}

void decode_with_everything(ByteView bytes) {
  static_cast<void>(decode_inquiry(bytes));
  static_cast<void>(decode_permit(bytes));
  static_cast<void>(decode_refusal(bytes));
  static_cast<void>(decode_provision(bytes));
  static_cast<void>(decode_conclusion(bytes));
  static_cast<void>(decode_status_query(bytes));
  static_cast<void>(decode_status_reply(bytes));
  static_cast<void>(decode_symbol_notice(bytes));
  static_cast<void>(decode_symbol_receipt(bytes));
  static_cast<void>(decode_acquisition_request(bytes));
  static_cast<void>(decode_sealed_answer(bytes));
  static_cast<void>(decode_stored_content(bytes));
  static_cast<void>(decode_link_frame(bytes));
  static_cast<void>(decode_query_frame(bytes));
  static_cast<void>(decode_replies(bytes));
}

std::vector<Bytes> one_of_each(SeededRandom& random) {
  std::vector<exchange::Query> queries = {query(random), query(random)};
  exchange::Reply small_reply = reply(random);
  small_reply.answer = bytes(random, 40);
  small_reply.receipt = receipt(random);
  exchange::Provision small_provision = provision(random);
  small_provision.sealed_answer = bytes(random, 80);
  StoredContent small_content = stored_content(random);
  small_content.statement = bytes(random, 50);
  small_content.answer = bytes(random, 20);
  small_content.permit = bytes(random, 20);
  const exchange::LiveQuestion question = live_question(random);
  const exchange::HandOver small_answer{.request = question.request, .content = bytes(random, 30)};
  const std::vector<LinkItem> items = {item(random, batch(random), delegation(random)),
                                       item(random, batch(random), nullptr)};
  return {encode(inquiry(random)),
          encode(permit(random)),
          encode(refusal(random)),
          encode(small_provision),
          encode(conclusion(random)),
          encode(status_query(random)),
          encode(status_reply(random)),
          encode(symbol_notice(random)),
          encode(symbol_receipt(random)),
          encode(acquisition_request(random)),
          encode(small_content),
          encode_link_frames(items).front(),
          encode_hello({{institution(random), institution(random)}}),
          encode_queries(queries),
          encode_replies(std::vector<exchange::Reply>{small_reply}).front(),
          encode_questions({&question, 1}),
          encode_hand_over(&small_answer),
          encode_frame_error({.code = ErrorCode::kOversize})};
}

}  // namespace nakadachi::wire::samples
