// A receipt as a line of a file and back, and what is no such line.

#include "apps/common/receipt_file.hpp"

#include <string>

#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed made;
  for (std::uint8_t& one : made.writable()) one = byte;
  return made;
}

/// Every field with a value of its own; proves nothing.
records::Receipt some_receipt() {
  records::Witness witness;
  witness.head = {.tenant = TenantId{132012}, .size = 2, .root = filled<Digest>(1)};
  witness.head_path = {.index = 2, .nodes = {filled<Digest>(2)}};
  witness.train.signer = filled<PublicKey>(3);
  witness.train.lane = LaneId{4};
  witness.train.epoch = Epoch{5};
  witness.train.number = TrainNumber{6};
  witness.train.size = 3;
  witness.train.root = filled<Digest>(7);
  witness.train.signed_at = Timestamp{1'780'000'000'000};
  witness.train.signature = filled<Signature>(8);
  witness.delegation.institution = *InstitutionCode::from_number(1013201200000001);
  witness.delegation.node_key = filled<PublicKey>(3);
  witness.delegation.from = Timestamp{1'779'999'000'000};
  witness.delegation.until = Timestamp{1'780'086'000'000};
  witness.delegation.signature = filled<Signature>(9);
  records::LogEntry entry{.tenant = TenantId{132012}, .number = 1, .id = filled<ExchangeId>(17)};
  entry.part = 3;
  entry.outcome = 1;
  entry.units = {.cause = Cause::kOwnQuery, .messages_in = 1, .bytes_in = 900};
  entry.leaf = filled<Digest>(10);
  return {.entry = entry,
          .statement = {'c', 'o', 'n'},
          .salt = filled<Salt>(11),
          .log_path = {filled<Digest>(12), filled<Digest>(13)},
          .witness = std::make_shared<const records::Witness>(witness)};
}

std::string with(std::string_view what, std::string_view instead) {
  std::string line = receipt_line(some_receipt());
  const std::size_t at = line.find(what);
  REQUIRE(at != std::string::npos);
  return line.replace(at, what.size(), instead);
}

TEST_CASE("a receipt is one line, and the line is that receipt") {
  const records::Receipt receipt = some_receipt();
  const std::string line = receipt_line(receipt);
  CHECK(line.find('\n') == std::string::npos);
  CHECK_THAT(line, Catch::Matchers::StartsWith(
                       R"({"entry":"6e616b61646163686920656e747279207631000203ac)"));
  const auto parsed = parse_receipt_line(line);
  REQUIRE(parsed);
  CHECK((parsed->entry == receipt.entry));
  CHECK(parsed->statement == receipt.statement);
  CHECK((parsed->salt == receipt.salt));
  CHECK((parsed->log_path == receipt.log_path));
  CHECK((parsed->witness->head == receipt.witness->head));
  CHECK(parsed->witness->head_path.index == 2);
  CHECK((parsed->witness->head_path.nodes == receipt.witness->head_path.nodes));
  CHECK((parsed->witness->train == receipt.witness->train));
  CHECK((parsed->witness->delegation == receipt.witness->delegation));
}

struct Damage {
  std::string_view what;
  std::string_view instead;
  ErrorCode code;
  std::string_view field;
};

TEST_CASE("every member of a receipt's line that is damaged is refused with its own error") {
  using E = ErrorCode;
  const Damage damage = GENERATE(
      Damage{R"({"entry")", R"({"other")", E::kMissingField, "entry"},
      Damage{R"("entry":"6e)", R"("entry":"6)", E::kWrongFormat, "entry"},
      Damage{R"("entry":"6e)", R"("entry":"6f)", E::kUnsupportedVersion, "entry"},
      Damage{R"("statement":"63)", R"("statement":"6g)", E::kWrongFormat, "statement"},
      Damage{R"("statement":"636f6e")", R"("statement":7)", E::kWrongFormat, "statement"},
      Damage{R"("salt":"0b)", R"("salt":")", E::kWrongLength, "salt"},
      Damage{R"("log_path":["0c)", R"("log_path":[")", E::kWrongLength, "log_path"},
      Damage{R"("log_path":[)", R"("log_path":[3,)", E::kWrongFormat, "log_path"},
      Damage{R"("head":"00)", R"("head":")", E::kWrongLength, "head"},
      Damage{R"("head_index":2)", R"("head_index":-2)", E::kWrongFormat, "head_index"},
      Damage{R"("head_index":2)", R"("head_index":4294967296)", E::kWrongFormat, "head_index"},
      Damage{R"("head_path":[)", R"("head_path":["",)", E::kWrongLength, "head_path"},
      Damage{R"("train":"6e)", R"("train":"6f)", E::kUnsupportedVersion, "train"},
      Damage{R"("train":"6e)", R"("train":")", E::kWrongLength, "train"},
      Damage{"763101030303", "763105030303", E::kUnknownEnumValue, "train"},
      Damage{R"("train_signature":"08)", R"("train_signature":")", E::kWrongLength,
             "train_signature"},
      Damage{R"("delegation":"6e)", R"("delegation":"6f)", E::kUnsupportedVersion, "delegation"},
      Damage{R"("delegation":"6e)", R"("delegation":")", E::kWrongLength, "delegation"},
      Damage{"6e20763100039980", "6e207631ff039980", E::kWrongFormat, "delegation"},
      Damage{R"("delegation_signature":"09)", R"("delegation_signature":")", E::kWrongLength,
             "delegation_signature"},
      Damage{R"(0b","log)", R"(0B","log)", E::kWrongFormat, "line"},
      Damage{R"({"entry")", R"({ "entry")", E::kWrongFormat, "line"},
      Damage{R"({"entry")", R"({"more":1,"entry")", E::kWrongFormat, "line"},
      Damage{R"({"entry")", R"({"salt":"00","entry")", E::kWrongFormat, "line"},
      Damage{R"({"entry")", R"(["entry")", E::kWrongFormat, "line"});
  CAPTURE(damage.what, damage.instead);
  const auto parsed = parse_receipt_line(with(damage.what, damage.instead));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == damage.code);
  CHECK(parsed.error().field == damage.field);
}

TEST_CASE("a receipt's line that is longer than any is refused before it is read") {
  const auto parsed = parse_receipt_line(std::string(kMaxReceiptLine + 1, '['));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == ErrorCode::kOversize);
  const std::string nodes = "\"log_path\":[" + [] {
    std::string many;
    for (std::size_t i = 0; i < records::kMaxLogPathNodes; ++i) {
      many += '"' + std::string(64, '0') + "\",";
    }
    return many;
  }();
  const auto wide = parse_receipt_line(with("\"log_path\":[", nodes));
  REQUIRE_FALSE(wide);
  CHECK(wide.error().code == ErrorCode::kTooManyItems);
}

}  // namespace
}  // namespace nakadachi::apps
