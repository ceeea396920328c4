// A log in a real database, as it was written and after somebody changed it.

#include "apps/common/log_check.hpp"

#include "tests/pg/apps/signed_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

using testing::Sql;

constexpr Units kUnits{.cause = Cause::kHoldings, .bytes_in = 7};

/// Five signed trains of 20 steps and 10 changes of three bodies.
struct Logs : testing::SignedPool {
  Logs() {
    for (std::uint64_t number = 1; number <= 5; ++number) {
      storage::Train train = testing::make_train(random, epoch, number, 20, 20, 10);
      for (storage::StepRow& row : train.rows) row.units = kUnits;
      for (storage::ChangeRow& row : train.changes) row.units = kUnits;
      append(std::move(train));
    }
  }

  LogCheck check(const LogCheckOptions& options = {}, std::uint32_t tenant = 2) {
    const auto done = check_log(store, TenantId{tenant}, crypto::Ed25519Verifier(), options);
    REQUIRE(done);
    return *done;
  }
};

TEST_CASE("a log that nobody changed is good, whatever the pages it is read in") {
  Logs logs;
  for (const std::size_t page : {1U, 2U, 7U, 1000U}) {
    CAPTURE(page);
    const LogCheck check = logs.check({.page = page});
    CHECK_FALSE(check.wrong);
    CHECK(check.entries == logs.sizes[TenantId{2}]);
    CHECK((check.head == records::head_of(TenantId{2}, logs.logs[TenantId{2}])));
    CHECK(check.root_checked);
    REQUIRE(check.signers.size() == 1);
    CHECK((check.signers.front().signer == logs.signer.public_key()));
    CHECK(check.signers.front().trains == 5);
  }
  CHECK_FALSE(logs.check({.last_root = false}).root_checked);
  const LogCheck empty = logs.check({}, 9);
  CHECK_FALSE(empty.wrong);
  CHECK(empty.entries == 0);
}

TEST_CASE("a kept head and known signers are compared with the log") {
  Logs logs;
  const records::LogHead head = logs.check().head;
  const auto parsed = parse_head(TenantId{2}, text_of(head));
  REQUIRE(parsed);
  CHECK((*parsed == head));
  CHECK_FALSE(parse_head(TenantId{2}, "5"));
  CHECK_FALSE(parse_head(TenantId{2}, "5:aa"));
  CHECK_FALSE(logs.check({.signers = {logs.signer.public_key()}, .kept_head = head}).wrong);
  CHECK(logs.check({.signers = {PublicKey()}}).wrong->code == ErrorCode::kUnknownKey);
  records::LogHead other = head;
  other.root = Digest();
  CHECK(logs.check({.kept_head = other}).wrong->code == ErrorCode::kLogForked);
  other.size = head.size + 1;
  CHECK(logs.check({.kept_head = other}).wrong->code == ErrorCode::kLogGap);
}

struct LogHarm {
  const char* sql;
  ErrorCode found;
};

TEST_CASE("what somebody changed in the database is found") {
  Logs logs;
  const LogHarm harm = GENERATE(
      LogHarm{"UPDATE nakadachi.step SET bytes_in = 8 WHERE tenant = 2 AND number = 25",
              ErrorCode::kLogHeadDiffers},
      LogHarm{"DELETE FROM nakadachi.step WHERE tenant = 2 AND number = 25", ErrorCode::kLogGap},
      LogHarm{"UPDATE nakadachi.step SET number = 24 WHERE tenant = 2 AND number = 25",
              ErrorCode::kLogNumberTwice},
      LogHarm{"UPDATE nakadachi.train SET signed_at_ms = signed_at_ms + 1 WHERE number = 3",
              ErrorCode::kSignatureInvalid},
      LogHarm{"DELETE FROM nakadachi.train WHERE number = 3", ErrorCode::kLogHeadDiffers},
      LogHarm{"UPDATE nakadachi.step SET leaf = sha256('x') WHERE tenant = 1 AND train = 5",
              ErrorCode::kHeadNotInTrain});
  CAPTURE(harm.sql);
  Sql admin(logs.database.login("postgres"));
  admin.must(std::string("SET session_replication_role = replica; ") + harm.sql);
  const LogCheck check = logs.check({.page = 5});
  REQUIRE(check.wrong);
  CHECK(check.wrong->code == harm.found);
  CHECK(log_check_json(check)["good"] == false);
}

TEST_CASE("an entry is listed by its clear columns") {
  const records::LogEntry entry{.tenant = TenantId{2},
                                .number = 12,
                                .id = first_id_of_bucket(1774969168 / 64),
                                .part = 3,
                                .outcome = 1,
                                .units = {.cause = Cause::kOwnQuery, .messages_in = 1}};
  const nlohmann::json json = entry_json(entry);
  CHECK(json["day"] == "2026-03-31");
  CHECK(json["what"] == "concluded");
  CHECK(json["outcome"] == "answered");
  CHECK(json["cause"] == "own_query");
  CHECK_THAT(entry_line(entry, Language::kJapanese),
             Catch::Matchers::ContainsSubstring("終結  回答  自団体の照会"));
}

}  // namespace
}  // namespace nakadachi::apps
