#include "nakadachi/records/log_entry.hpp"

#include <functional>
#include <set>
#include <string>

#include "nakadachi/crypto/merkle.hpp"
#include "tests/unit/records/records_helpers.hpp"

namespace nakadachi::records::test {
namespace {

TEST_CASE("an entry's bytes and hash are those written down in docs/records.md") {
  CHECK(to_hex(encode(some_step())) ==
        "6e616b61646163686920656e747279207631"  // nakadachi entry v1
        "000203ac"
        "0000000000000007"
        "01"
        "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
        "02"
        "0001"
        "00"
        "00000000000000000000000000000000"
        "02"
        "0001"
        "0002"
        "0003"
        "00000190"
        "00011170"
        "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f");
  CHECK(to_hex(encode(some_change())) ==
        "6e616b61646163686920656e747279207631"
        "000203ac"
        "0000000000000008"
        "02"
        "c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4"
        "03"
        "0000"
        "01"
        "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e"
        "05"
        "0000"
        "0001"
        "0000"
        "00000384"
        "00000000"
        "2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f");
  CHECK(encode(some_step()).size() == kEntryBytes);
  CHECK(to_hex(entry_hash(some_step()).view()) ==
        "e3db2afbe9f3bc791d6d5884243a16229125e5bf3bb3ec07e7db0c39ef6b5cdf");
  CHECK(entry_hash(some_step()) == crypto::sha256({hex("00"), encode(some_step())}));
}

TEST_CASE("every field of an entry changes its hash and comes back") {
  const std::function<void(LogEntry&)> changes[] = {
      [](LogEntry&) {},
      [](LogEntry& e) { e.tenant.value ^= 0x01000000; },
      [](LogEntry& e) { e.number ^= std::uint64_t{1} << 63; },
      [](LogEntry& e) { e.id.writable()[15] ^= 1; },
      [](LogEntry& e) { e.part = 19; },
      [](LogEntry& e) { e.outcome = 0xff00; },
      [](LogEntry& e) { e.units.cause = Cause::kOutside; },
      [](LogEntry& e) { e.units.persons = 0xffff; },
      [](LogEntry& e) { e.units.messages_in = 0xffff; },
      [](LogEntry& e) { e.units.messages_out = 0xffff; },
      [](LogEntry& e) { e.units.bytes_in = 0xffffffff; },
      [](LogEntry& e) { e.units.bytes_out = 0xffffffff; },
      [](LogEntry& e) { e.leaf.writable()[31] ^= 1; },
      [](LogEntry& e) { e = some_change(7); },
      [](LogEntry& e) { e = some_change(7), e.erase = false; },
      [](LogEntry& e) { e = some_change(7), e.key.writable()[15] ^= 1; },
      [](LogEntry& e) { e = some_change(7), e.part = 255; }};
  std::set<Digest> seen;
  for (const auto& change : changes) {
    LogEntry entry = some_step();
    change(entry);
    CHECK(seen.insert(entry_hash(entry)).second);
    const auto decoded = decode_entry(encode(entry));
    REQUIRE(decoded.ok());
    CHECK(*decoded == entry);
  }
}

TEST_CASE("bytes that no entry has are refused") {
  const Bytes good = encode(some_step());
  CHECK(code_of(decode_entry({})) == ErrorCode::kWrongLength);
  CHECK(code_of(decode_entry(ByteView(good).first(kEntryBytes - 1))) == ErrorCode::kWrongLength);
  Bytes longer = good;
  longer.push_back(0);
  CHECK(code_of(decode_entry(longer)) == ErrorCode::kWrongLength);
  Bytes other = good;
  other[17] = '2';
  CHECK(code_of(decode_entry(other)) == ErrorCode::kUnsupportedVersion);
  other = good;
  other[18 + 4 + 8 + 1 + 16 + 1 + 2] = 2;  // erase is neither 0 nor 1
  CHECK(code_of(decode_entry(other)) == ErrorCode::kWrongFormat);
}

TEST_CASE("an entry that is never written is told by its field") {
  struct Case {
    std::function<void(LogEntry&)> change;
    ErrorCode code;
    std::string field;
  };
  const Case cases[] = {
      {[](LogEntry& e) { e.sort = EntrySort{0}; }, ErrorCode::kUnknownEnumValue, "sort"},
      {[](LogEntry& e) { e.sort = EntrySort{3}; }, ErrorCode::kUnknownEnumValue, "sort"},
      {[](LogEntry& e) { e.units.cause = Cause{0}; }, ErrorCode::kUnknownEnumValue, "cause"},
      {[](LogEntry& e) { e.units.cause = Cause{7}; }, ErrorCode::kUnknownEnumValue, "cause"},
      {[](LogEntry& e) { e.part = 0; }, ErrorCode::kUnknownEnumValue, "step"},
      {[](LogEntry& e) { e.part = kChangeLeafKind; }, ErrorCode::kUnknownEnumValue, "step"},
      {[](LogEntry& e) { e.part = 30; }, ErrorCode::kUnknownEnumValue, "step"},
      {[](LogEntry& e) { e = some_change(), e.part = 0; }, ErrorCode::kUnknownEnumValue, "section"},
      {[](LogEntry& e) { e.erase = true; }, ErrorCode::kWrongFormat, "erase"},
      {[](LogEntry& e) { e.key.writable()[3] = 1; }, ErrorCode::kWrongFormat, "key"},
      {[](LogEntry& e) { e = some_change(), e.outcome = 1; }, ErrorCode::kWrongFormat, "outcome"}};
  for (const Case& each : cases) {
    LogEntry entry = some_step();
    each.change(entry);
    const auto checked = check_form(entry);
    REQUIRE(!checked.ok());
    CHECK(checked.error().code == each.code);
    CHECK(checked.error().field == each.field);
    CHECK(code_of(decode_entry(encode(entry))) == each.code);
  }
  CHECK(check_form(some_step()).ok());
  CHECK(check_form(some_change()).ok());
}

TEST_CASE("a statement belongs to its entry by kind, salt and every byte") {
  const auto salt = filled<Salt>(5);
  LogEntry step = some_step();
  step.leaf = crypto::leaf_hash(salt, 2, as_bytes("provided"));
  CHECK(check_statement(step, salt, as_bytes("provided")).ok());
  CHECK(code_of(check_statement(step, salt, as_bytes("providee"))) == ErrorCode::kStatementDiffers);
  CHECK(code_of(check_statement(step, filled<Salt>(6), as_bytes("provided"))) ==
        ErrorCode::kStatementDiffers);
  step.part = 3;
  CHECK(code_of(check_statement(step, salt, as_bytes("provided"))) == ErrorCode::kStatementDiffers);
  LogEntry change = some_change();
  change.leaf = crypto::leaf_hash(salt, 20, as_bytes("record"));
  CHECK(check_statement(change, salt, as_bytes("record")).ok());
}

}  // namespace
}  // namespace nakadachi::records::test
