#include "nakadachi/records/log_audit.hpp"

#include <string>
#include <string_view>

#include "nakadachi/crypto/merkle.hpp"
#include "tests/unit/records/records_helpers.hpp"

namespace nakadachi::records::test {
namespace {

constexpr std::string_view kStatement = "statement";

LogEntry entry_at(std::uint64_t number) {
  LogEntry entry = number % 3 == 0 ? some_change(number) : some_step(number);
  entry.leaf = crypto::leaf_hash(filled<Salt>(4), leaf_kind(entry), as_bytes(kStatement));
  return entry;
}

LogHead head_at(std::uint64_t size) {
  Frontier frontier;
  for (std::uint64_t i = 0; i < size; ++i) frontier.append(entry_hash(entry_at(i)));
  return head_of(kTown, frontier);
}

/// Gives the entries [from, to) and then the head.
void give(LogAudit& audit, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) {
    REQUIRE(audit.entry(entry_at(i), filled<Salt>(4), as_bytes(kStatement)).ok());
  }
  REQUIRE(audit.head(head_at(to)).ok());
}

TEST_CASE("a whole log with the heads of its trains ends with its head") {
  LogAudit audit(kTown);
  CHECK(audit.finish().value() == head_at(0));
  give(audit, 0, 3);
  give(audit, 3, 4);
  give(audit, 4, 40);
  CHECK(audit.finish().value() == head_at(40));
}

TEST_CASE("a log is gone through from a checkpoint") {
  Frontier frontier;
  for (std::uint64_t i = 0; i < 11; ++i) frontier.append(entry_hash(entry_at(i)));
  LogAudit audit(kTown, frontier);
  CHECK(audit.finish().value() == head_at(11));
  give(audit, 11, 20);
  CHECK(audit.finish().value() == head_at(20));

  auto nodes = frontier.nodes();
  nodes[1].writable()[0] ^= 1;
  LogAudit wrong(kTown, Frontier::restore(11, nodes).value());
  REQUIRE(wrong.entry(entry_at(11)).ok());
  CHECK(code_of(wrong.head(head_at(12))) == ErrorCode::kLogHeadDiffers);
}

TEST_CASE("a missing, a repeated and another body's entry are told with the number") {
  struct Case {
    LogEntry entry;
    ErrorCode code;
    std::string detail;
  };
  LogEntry foreign = entry_at(5);
  foreign.tenant = kOtherTown;
  LogEntry misshapen = entry_at(5);
  misshapen.units.cause = Cause{0};
  const Case cases[] = {{entry_at(6), ErrorCode::kLogGap, "number 5"},
                        {entry_at(4), ErrorCode::kLogNumberTwice, "number 4"},
                        {entry_at(0), ErrorCode::kLogNumberTwice, "number 0"},
                        {foreign, ErrorCode::kAnotherTenant, "number 5"},
                        {misshapen, ErrorCode::kUnknownEnumValue, "number 5"}};
  for (const Case& each : cases) {
    LogAudit audit(kTown);
    give(audit, 0, 5);
    const auto given = audit.entry(each.entry);
    REQUIRE(code_of(given) == each.code);
    CHECK(given.error().detail == each.detail);
    // It stays with what was wrong first.
    CHECK(audit.entry(entry_at(5)).error() == given.error());
    CHECK(audit.head(head_at(5)).error() == given.error());
    CHECK(audit.finish().error() == given.error());
  }
}

TEST_CASE("an entry that was made for another statement is told") {
  LogAudit audit(kTown);
  give(audit, 0, 5);
  const auto given = audit.entry(entry_at(5), filled<Salt>(4), as_bytes("another"));
  REQUIRE(code_of(given) == ErrorCode::kStatementDiffers);
  CHECK(given.error().detail == "number 5");
  CHECK(code_of(audit.finish()) == ErrorCode::kStatementDiffers);
}

TEST_CASE("an entry that was changed is found by the next head, whatever was changed") {
  LogEntry other_units = entry_at(4);
  ++other_units.units.bytes_in;
  LogEntry other_leaf = entry_at(4);
  other_leaf.leaf.writable()[3] ^= 1;
  for (const LogEntry& changed : {other_units, other_leaf}) {
    LogAudit audit(kTown);
    give(audit, 0, 4);
    REQUIRE(audit.entry(changed).ok());
    REQUIRE(audit.entry(entry_at(5)).ok());
    const auto head = audit.head(head_at(6));
    REQUIRE(code_of(head) == ErrorCode::kLogHeadDiffers);
    CHECK(head.error().detail == "size 6");
  }
}

TEST_CASE("heads that do not fit the entries are told") {
  const auto after_five = [](const LogHead& head) {
    LogAudit audit(kTown);
    give(audit, 0, 5);
    return code_of(audit.head(head));
  };
  CHECK(after_five(head_at(5)) == ErrorCode{});
  CHECK(after_five(head_at(6)) == ErrorCode::kLogGap);
  CHECK(after_five(head_at(4)) == ErrorCode::kLogHeadDiffers);
  LogHead foreign = head_at(5);
  foreign.tenant = kOtherTown;
  CHECK(after_five(foreign) == ErrorCode::kAnotherTenant);
}

TEST_CASE("entries that no train states are told at the end") {
  LogAudit audit(kTown);
  give(audit, 0, 5);
  REQUIRE(audit.entry(entry_at(5)).ok());
  const auto end = audit.finish();
  REQUIRE(code_of(end) == ErrorCode::kLogHeadDiffers);
  CHECK(end.error().detail == "no train states the entries from number 5 on");
  REQUIRE(audit.head(head_at(6)).ok());
  CHECK(audit.finish().value() == head_at(6));
}

}  // namespace
}  // namespace nakadachi::records::test
