// What is said of one opened record, and that the person is said only when asked for.

#include "apps/common/record_text.hpp"

#include "apps/common/embedded_facts.hpp"
#include "nakadachi/copies/change.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::apps {
namespace {

struct Scene {
  Scene() : universe(3), registry(universe.registry()), facts(*embedded_facts()) {
    subject.asker = registry->entries().front().code;
    subject.provider = registry->entries().back().code;
    subject.affair = facts.affairs.front().code;
    subject.procedure = *ProcedureCode::parse("JT00000000000001");
    subject.kind = facts.kinds.front().code;
    subject.items = {1, 3};
    subject.section = "税務課";
  }

  RecordWords words(bool person) const {
    return {
        .registry = &*registry, .facts = &facts, .language = Language::kEnglish, .person = person};
  }

  nlohmann::json shown(storage::Step step, const wire::StoredContent& content,
                       bool person = false) const {
    records::LogEntry entry{.number = 12, .part = static_cast<std::uint8_t>(step)};
    const auto said = facts_of(entry, content, words(person));
    REQUIRE(said);
    return json_of(ShownRecord{.record = *said});
  }

  testing::Universe universe;
  decltype(std::declval<const testing::Universe&>().registry()) registry;
  rules::LegalFacts facts;
  exchange::Subject subject;
  Symbol symbol{{0xab, 0xcd}};
};

TEST_CASE("a conclusion says who asked whom for what, and how it ended") {
  const Scene scene;
  const exchange::Conclusion conclusion{.subject = scene.subject,
                                        .symbol = scene.symbol,
                                        .outcome = exchange::Outcome::kRefused,
                                        .reason = ErrorCode::kNotInLegalTable,
                                        .legal_item = 1020,
                                        .asked_at = Timestamp{1'780'000'000'000},
                                        .concluded_at = Timestamp{1'780'000'001'000}};
  const wire::StoredContent content{.statement = wire::encode(conclusion)};
  const nlohmann::json json = scene.shown(storage::Step::kConcluded, content);
  CHECK_FALSE(json.contains("provided_at"));
  CHECK(json["asker"] == scene.subject.asker.text() + " " + scene.registry->entries().front().name);
  CHECK(json["affair"] ==
        scene.subject.affair.text() + " " + rules::title_of(scene.facts.affairs.front()));
  CHECK(json["items"] == "1, 3");
  CHECK(json["section"] == "税務課");
  CHECK(json["legal_item"] == "20-1");
  CHECK(json["concluded_at"] == to_iso8601(conclusion.concluded_at));
  CHECK_THAT(json["reason"].get<std::string>(), Catch::Matchers::StartsWith("not_in_legal_table"));
  CHECK_FALSE(json.contains("symbol"));
  CHECK(scene.shown(storage::Step::kConcluded, content, true)["symbol"] ==
        "abcd0000000000000000000000000000");
}

TEST_CASE("a conclusion says when the other body provided, if it did") {
  const Scene scene;
  const exchange::Conclusion conclusion{.subject = scene.subject,
                                        .outcome = exchange::Outcome::kAnswered,
                                        .asked_at = Timestamp{1'780'000'000'000},
                                        .concluded_at = Timestamp{1'780'000'001'000},
                                        .provided_at = Timestamp{1'780'000'000'700}};
  const wire::StoredContent content{.statement = wire::encode(conclusion)};
  const nlohmann::json json = scene.shown(storage::Step::kConcluded, content);
  CHECK(json["provided_at"] == "2026-05-28T20:26:40.700Z");
}

TEST_CASE("a provision says what its permit says, which has to be the one it names") {
  const Scene scene;
  const exchange::Permit permit{.subject = scene.subject,
                                .symbol = scene.symbol,
                                .asked_at = Timestamp{1'780'000'000'000},
                                .issued_at = Timestamp{1'780'000'000'500},
                                .valid_until = Timestamp{1'780'000'060'000},
                                .legal_item = 48};
  exchange::Provision provision{.asker = scene.subject.asker,
                                .provider = scene.subject.provider,
                                .provided_at = Timestamp{1'780'000'001'000}};
  wire::StoredContent content{.who = "田中", .permit = wire::encode(permit)};
  provision.permit_hash = wire::permit_hash(content.permit);
  content.statement = wire::encode(provision);
  const nlohmann::json json = scene.shown(storage::Step::kProvided, content);
  CHECK(json["legal_item"] == "48");
  CHECK(json["permitted_at"] == to_iso8601(permit.issued_at));
  CHECK(json["decided_by"] == "田中");
  CHECK_FALSE(json.contains("symbol"));

  content.permit.back() ^= 1;
  const auto other = facts_of({.part = 2}, content, scene.words(false));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kStatementDiffers);
}

TEST_CASE("a change says who did what to which kind, and why") {
  const Scene scene;
  const copies::ChangeRecord record{.section = 3,
                                    .institution = scene.subject.asker,
                                    .operation = copies::Operation::kReplace,
                                    .kind = scene.subject.kind,
                                    .reason = *copies::ChangeReason::make("佐藤", "月次更新"),
                                    .at = Timestamp{1'780'000'000'000}};
  const records::LogEntry entry{.number = 7, .sort = records::EntrySort::kChange, .part = 3};
  const auto said = facts_of(entry, copies::encode(record), scene.words(false));
  REQUIRE(said);
  const nlohmann::json json = json_of(ShownRecord{.record = *said});
  CHECK(json["operation"] == "replaced");
  CHECK(json["who"] == "佐藤");
  CHECK(json["why"] == "月次更新");
  CHECK(json["receipt"].is_null());
}

}  // namespace
}  // namespace nakadachi::apps
