#include "nakadachi/client/receipt_check.hpp"

#include <functional>
#include <string>

#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::client {
namespace {

using exchange::Conclusion;
using exchange::Outcome;
using exchange::Query;
using exchange::Reply;
using testing::kStart;
using testing::Universe;

/// What a node puts on record, every part of which it may lie about. All it signs is
/// properly signed.
struct Record {
  std::size_t town = 0;  ///< in whose log, and by the word of whose mayor
  Conclusion conclusion;
  std::uint8_t step = static_cast<std::uint8_t>(exchange::StatementKind::kConclusion);
  std::optional<Bytes> statement;  ///< instead of the conclusion's
};

class Scene {
 public:
  Scene() : node_(universe_.make_signer("node")) {
    SeededRandom random(1);
    query_ = universe_.make_query(0, kStart, random);
    query_.subject.asker = universe_.institution(0);
    query_.subject.provider = universe_.institution(2);
    other_key_ = random.make<RequestKey>();
    answer_ = {.key = query_.key};
    answer_.concluded = true;
    answer_.outcome = Outcome::kAnswered;
    answer_.legal_item = 7;
    answer_.answer = {1, 2, 3};
  }

  Record record() const {
    Record made;
    made.conclusion.key = query_.key;
    made.conclusion.subject = query_.subject;
    made.conclusion.outcome = answer_.outcome;
    made.conclusion.legal_item = answer_.legal_item;
    made.conclusion.answer_hash = crypto::sha256({answer_.answer});
    return made;
  }

  /// A log of this record alone, in a train of its head alone.
  records::Receipt receipt(const Record& of) const {
    records::Receipt made;
    made.statement = of.statement.value_or(wire::encode(of.conclusion));
    made.entry = {.tenant = universe_.tenant(of.town),
                  .part = of.step,
                  .outcome = static_cast<std::uint16_t>(of.conclusion.outcome),
                  .units = {.cause = Cause::kOwnQuery}};
    made.entry.leaf = crypto::leaf_hash(made.salt, of.step, made.statement);
    const records::Growth log({}, {records::entry_hash(made.entry)});
    records::Witness witness;
    witness.head = records::head_of(made.entry.tenant, log.after());
    witness.train.size = 1;
    witness.train.root = records::head_leaf(witness.head);
    witness.train.signed_at = kStart;
    crypto::sign_batch(witness.train, *node_);
    const tenant_vm::NodeSetup setup = universe_.node_setup({of.town}, *node_);
    witness.delegation = setup.partitions[0].institutions[0].delegation;
    made.witness = std::make_shared<const records::Witness>(std::move(witness));
    return made;
  }

  /// The answer with this receipt.
  Reply reply(const Record& of) const { return with(answer_, receipt(of)); }

  /// The answer that it was refused, with the receipt of its record in that town's log.
  Reply refusal(ErrorCode reason, std::size_t town) const {
    Record refused = record();
    refused.town = town;
    refused.conclusion.outcome = Outcome::kRefused;
    refused.conclusion.reason = reason;
    refused.conclusion.answer_hash = Digest();
    Reply made = reply(refused);
    made.outcome = Outcome::kRefused;
    made.code = reason;
    made.answer.clear();
    return made;
  }

  static Reply with(Reply reply, records::Receipt receipt) {
    reply.receipt = std::make_shared<const records::Receipt>(std::move(receipt));
    return reply;
  }

  Result<void> verdict(const Reply& reply) const {
    ReceiptCheck receipts(universe_.registry(), universe_.verifier());
    return receipts.check(query_, reply);
  }

  const Query& query() const { return query_; }
  const RequestKey& other_key() const { return other_key_; }
  const Universe& universe() const { return universe_; }

 private:
  Universe universe_{3};
  std::unique_ptr<crypto::Signer> node_;
  Query query_{RequestKey(), *AddressNumber::from_number(0), {}};
  RequestKey other_key_;
  Reply answer_;
};

void check_error(const Result<void>& verdict, ErrorCode code, std::string_view field) {
  REQUIRE_FALSE(verdict.ok());
  CHECK(verdict.error().code == code);
  CHECK(verdict.error().field == field);
}

TEST_CASE("an outcome with the receipt of its record is taken") {
  const Scene scene;
  CHECK(scene.verdict(scene.reply(scene.record())).ok());
}

TEST_CASE("an outcome without a receipt is not taken") {
  const Scene scene;
  Reply reply = scene.reply(scene.record());
  reply.receipt = nullptr;
  check_error(scene.verdict(reply), ErrorCode::kMissingField, "receipt");
}

TEST_CASE("a good receipt that says something else than the reply is not taken") {
  const Scene scene;
  struct Lie {
    std::string_view field;
    std::function<void(Record&)> tell;
  };
  const Lie lies[] = {
      {"key", [&](Record& r) { r.conclusion.key = scene.other_key(); }},
      {"key", [](Record& r) { r.conclusion.key = RequestKey(); }},
      {"subject", [](Record& r) { r.conclusion.subject.section = "another"; }},
      {"subject", [&](Record& r) { r.conclusion.subject.provider = r.conclusion.subject.asker; }},
      {"subject", [](Record& r) { r.conclusion.subject.non_disclosure ^= true; }},
      {"outcome", [](Record& r) { r.conclusion.outcome = Outcome::kAnsweredInPart; }},
      {"outcome", [](Record& r) { r.conclusion.outcome = Outcome::kNoData; }},
      {"legal_item", [](Record& r) { r.conclusion.legal_item = 8; }},
      {"answer", [](Record& r) { r.conclusion.answer_hash = Digest(); }},
      {"answer", [](Record& r) { r.conclusion.answer_hash.writable()[0] ^= 1; }},
      {"step", [](Record& r) { r.step = 1; }},
  };
  for (const Lie& lie : lies) {
    INFO(lie.field);
    Record record = scene.record();
    lie.tell(record);
    check_error(scene.verdict(scene.reply(record)), ErrorCode::kStatementDiffers, lie.field);
  }
}

TEST_CASE("the reply may not be changed under its receipt") {
  const Scene scene;
  const Reply good = scene.reply(scene.record());
  Reply reply = good;
  reply.outcome = Outcome::kNoData;
  reply.answer.clear();
  check_error(scene.verdict(reply), ErrorCode::kStatementDiffers, "outcome");
  reply = good;
  reply.answer.push_back(4);
  check_error(scene.verdict(reply), ErrorCode::kStatementDiffers, "answer");
  reply = good;
  reply.answer.clear();
  check_error(scene.verdict(reply), ErrorCode::kStatementDiffers, "answer");
}

TEST_CASE("why something was refused is on record") {
  const Scene scene;
  Reply reply = scene.refusal(ErrorCode::kNotInLegalTable, 0);
  CHECK(scene.verdict(reply).ok());
  reply.code = ErrorCode::kProvisionSuspended;
  check_error(scene.verdict(reply), ErrorCode::kStatementDiffers, "reason");
}

TEST_CASE("a record in another body's log is not taken, but where the caller spoke for it") {
  const Scene scene;
  Record record = scene.record();
  record.town = 1;
  check_error(scene.verdict(scene.reply(record)), ErrorCode::kAnotherTenant, "entry");
  CHECK(scene.verdict(scene.refusal(ErrorCode::kInstitutionNotAllowed, 1)).ok());
}

TEST_CASE("a receipt of bytes that are no conclusion is not taken") {
  const Scene scene;
  Record record = scene.record();
  record.statement = Bytes{0xff, 0xff};
  CHECK(scene.verdict(scene.reply(record)).error().code == ErrorCode::kMalformedFrame);
}

TEST_CASE("a forged receipt is told by what records::check says of it") {
  const Scene scene;
  const Reply good = scene.reply(scene.record());
  const auto forge = [&](const std::function<void(records::Receipt&, records::Witness&)>& change) {
    records::Receipt receipt = *good.receipt;
    records::Witness witness = *receipt.witness;
    change(receipt, witness);
    receipt.witness = std::make_shared<const records::Witness>(std::move(witness));
    return scene.verdict(Scene::with(good, std::move(receipt)));
  };
  using R = records::Receipt;
  using W = records::Witness;
  using enum ErrorCode;
  check_error(forge([](R& r, W&) { r.statement.push_back(0); }), kStatementDiffers, "statement");
  check_error(forge([](R& r, W&) { r.log_path.emplace_back(); }), kNotInLog, "log_path");
  check_error(forge([](R& r, W&) { r.entry.outcome = 4; }), kNotInLog, "log_path");
  check_error(forge([](R&, W& w) { w.head_path.index = 1; }), kHeadNotInTrain, "head_path");
  CHECK(forge([](R&, W& w) { w.train.signature.writable()[0] ^= 1; }).error().code ==
        kSignatureInvalid);
  CHECK(forge([](R&, W& w) { ++w.delegation.until.ms; }).error().code == kDelegationInvalid);
}

}  // namespace
}  // namespace nakadachi::client
