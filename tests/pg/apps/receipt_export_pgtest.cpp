// Receipts made from a real database, as a file, and what of either was changed since.

#include "apps/common/receipt_export.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "apps/common/receipt_file.hpp"
#include "apps/common/record_text.hpp"
#include "tests/pg/apps/signed_pool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::apps {
namespace {

using testing::Sql;

constexpr Timestamp kSignedAt{1'780'000'000'000};
constexpr TenantId kTown{2};

SecretBytes secret(std::uint8_t byte) {
  SecretBytes made(32);
  for (std::uint8_t& one : made.writable()) one = byte;
  return made;
}

InstitutionCode code(std::uint64_t number) { return *InstitutionCode::from_number(number); }

/// Bodies 1 to 3 with four signed trains; the steps of body 2 are provisions, sealed with its key,
/// and the node that signed had its delegation.
struct Records : testing::SignedPool {
  Records() : mayor(secret(1)), registrar(secret(2)) {
    const Bytes bytes = crypto::Registry::make({{.code = code(1000002000000001),
                                                 .tenant = kTown,
                                                 .name = "町",
                                                 .signing_key = mayor.public_key()}},
                                               1, kSignedAt, registrar);
    registry = *crypto::Registry::open(bytes, {.registry_key = registrar.public_key()},
                                       crypto::Ed25519Verifier());
    crypto::TenantCipher seals = cipher();
    for (std::uint64_t number = 1; number <= 4; ++number) {
      storage::Train train = testing::make_train(random, epoch, number, 20, 20, 10);
      for (storage::StepRow& row : train.rows) {
        row.units.cause = Cause::kAnswered;
        if (row.tenant == kTown) fill(seals, row);
      }
      for (storage::ChangeRow& row : train.changes) row.units.cause = Cause::kHoldings;
      train.signed_at = kSignedAt;
      append(std::move(train));
    }
    const crypto::Delegation made = crypto::make_delegation(
        code(1000002000000001), signer.public_key(), kSignedAt - 1'000, kSignedAt + 1'000, mayor);
    const storage::KeptDelegation kept{.institution = made.institution,
                                       .node_key = made.node_key,
                                       .from = made.from,
                                       .until = made.until,
                                       .signature = made.signature};
    REQUIRE(store.keep_delegations(kTown, {&kept, 1}));
  }

  static crypto::TenantCipher cipher() {
    crypto::TenantCipher made(kTown);
    made.add_version(1, secret(3));
    return made;
  }

  void fill(crypto::TenantCipher& seals, storage::StepRow& row) {
    row.step = storage::Step::kProvided;
    row.outcome = static_cast<std::uint16_t>(exchange::Outcome::kNoData);
    const exchange::Provision provision{.request_hash = random.make<Digest>(),
                                        .permit_hash = random.make<Digest>(),
                                        .asker = code(1000001000000001),
                                        .provider = code(1000002000000001),
                                        .outcome = exchange::Outcome::kNoData,
                                        .provided_at = kSignedAt};
    const wire::StoredContent content{.statement = wire::encode(provision)};
    row.leaf = crypto::leaf_hash(row.salt, 2, content.statement);
    Bytes name(row.exchange.view().begin(), row.exchange.view().end());
    name.push_back(static_cast<std::uint8_t>(row.step));
    row.sealed = *seals.seal({.table = "step", .column = "sealed", .row = name},
                             wire::encode(content), random);
  }

  Result<ReceiptExport> write(const std::string& path, const ExportOptions& options = {}) {
    RecordReader reader(store, *registry, cipher());
    return export_receipts(store, reader, path, options);
  }

  crypto::Ed25519Signer mayor;
  crypto::Ed25519Signer registrar;
  std::optional<crypto::Registry> registry;
};

auto count_in(const testing::TempFolder& folder) {
  return std::distance(std::filesystem::directory_iterator(folder.path()), {});
}

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("receipts that were exported are good for whoever has the registry") {
  Records town;
  const testing::TempFolder folder;
  const std::string path = folder.file("r.jsonl");
  const auto done = town.write(path, {.page = 7});
  REQUIRE(done);
  CHECK_FALSE(done->wrong);
  CHECK(done->receipts == 4 * 7);
  CHECK(done->next == town.sizes[kTown]);
  struct stat state{};
  REQUIRE(::stat(path.c_str(), &state) == 0);
  CHECK((state.st_mode & 0777) == 0600);
  CHECK(count_in(folder) == 1);

  const auto check = check_receipts(path, *town.registry);
  REQUIRE(check);
  CHECK_FALSE(check->wrong);
  CHECK(check->good == 28);
  CHECK(check->heads.size() == 4);
  REQUIRE(check->signers.size() == 1);
  CHECK((check->signers.begin()->first.second == town.signer.public_key()));
  CHECK(check->signers.begin()->second.receipts == 28);
  CHECK(receipts_check_json(*check)["good"] == true);

  const std::string before = text_in(path);
  const auto again = town.write(path);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kFileProblem);
  CHECK(text_in(path) == before);

  const auto some = town.write(folder.file("some.jsonl"), {.from = done->next - 4, .limit = 2});
  REQUIRE(some);
  CHECK(some->receipts == 2);
  CHECK(before.find(text_in(folder.file("some.jsonl"))) != std::string::npos);
  CHECK(town.write(folder.file("none.jsonl"), {.from = done->next}).error().code ==
        ErrorCode::kMissingField);
  CHECK(count_in(folder) == 2);
}

TEST_CASE("a changed byte of a file of receipts is found in its line") {
  Records town;
  const testing::TempFolder folder;
  const std::string path = folder.file("r.jsonl");
  REQUIRE(town.write(path));
  const std::string good = text_in(path);
  const std::size_t third = good.find('\n', good.find('\n') + 1) + 1;
  const auto wrong_with = [&](std::string_view member, ErrorCode expected) {
    CAPTURE(std::string(member));
    std::string text = good;
    // The last digit of the member's first value.
    const std::size_t begin = text.find(member, third) + member.size();
    char& digit = text[text.find('"', begin) - 1];
    digit = digit == '0' ? '1' : '0';
    std::ofstream(path, std::ios::binary) << text;
    const auto check = check_receipts(path, *town.registry);
    REQUIRE(check);
    REQUIRE(check->wrong);
    CHECK(check->wrong->code == expected);
    CHECK(check->wrong->position == 3);
    CHECK(check->good == 2);
    CHECK(receipts_check_json(*check)["line"] == 3);
  };
  wrong_with("\"entry\":\"", ErrorCode::kStatementDiffers);
  wrong_with("\"statement\":\"", ErrorCode::kStatementDiffers);
  wrong_with("\"salt\":\"", ErrorCode::kStatementDiffers);
  wrong_with("\"log_path\":[\"", ErrorCode::kNotInLog);
  wrong_with("\"head\":\"", ErrorCode::kNotInLog);
  wrong_with("\"head_path\":[\"", ErrorCode::kHeadNotInTrain);
  wrong_with("\"train\":\"", ErrorCode::kSignatureInvalid);
  wrong_with("\"train_signature\":\"", ErrorCode::kSignatureInvalid);
  wrong_with("\"delegation\":\"", ErrorCode::kDelegationInvalid);
  wrong_with("\"delegation_signature\":\"", ErrorCode::kDelegationInvalid);

  std::ofstream(path, std::ios::binary) << good.substr(0, good.size() - 1);
  const auto cut = check_receipts(path, *town.registry);
  REQUIRE(cut);
  REQUIRE(cut->wrong);
  CHECK(cut->wrong->position == 28);
  std::ofstream(path, std::ios::binary) << "";
  CHECK(check_receipts(path, *town.registry).error().code == ErrorCode::kMissingField);
  CHECK(check_receipts(folder.file("no"), *town.registry).error().code == ErrorCode::kFileProblem);
}

TEST_CASE("a record is shown with what proves it") {
  Records town;
  RecordReader reader(town.store, *town.registry, Records::cipher());
  const rules::LegalFacts facts;
  const RecordWords words{
      .registry = &*town.registry, .facts = &facts, .language = Language::kEnglish};
  std::uint64_t proved = 0;
  for (std::uint64_t number = 0; number < town.sizes[kTown]; ++number) {
    CAPTURE(number);
    const auto shown = show_record(town.store, reader, number, words);
    if (!shown) {  // what is sealed of changes is random bytes in this pool
      CHECK_FALSE(shown.error().code == ErrorCode::kLogGap);
      continue;
    }
    REQUIRE(*shown);
    const nlohmann::json json = json_of(**shown);
    CHECK(json["number"] == std::to_string(number));
    CHECK(json["what"] == "provided");
    CHECK(json["outcome"] == "no_data");
    CHECK(json["asker"] == "1000001000000001");
    CHECK(json["provider"] == "1000002000000001 町");
    CHECK(json["provided_at"] == to_iso8601(kSignedAt));
    ++proved;
    CHECK(json["receipt"]["node_key"] == to_hex(town.signer.public_key().view()));
    CHECK(json["receipt"]["delegated_by"] == "1000002000000001");
    CHECK_THAT(text_of(**shown, Language::kJapanese),
               Catch::Matchers::ContainsSubstring("受領証: 検証済"));
  }
  CHECK(proved == 28);
  const auto behind = show_record(town.store, reader, town.sizes[kTown], words);
  REQUIRE(behind);
  CHECK_FALSE(*behind);
}

struct ReceiptHarm {
  const char* sql;
  ErrorCode found;
};

TEST_CASE("no receipts are exported of a log that somebody changed") {
  Records town;
  const testing::TempFolder folder;
  const ReceiptHarm harm = GENERATE(
      ReceiptHarm{"UPDATE nakadachi.step SET bytes_in = 8 WHERE tenant = 2 AND number = 25",
                  ErrorCode::kLogHeadDiffers},
      ReceiptHarm{
          "UPDATE nakadachi.step SET sealed = sealed || 'x' WHERE tenant = 2 AND number = 25",
          ErrorCode::kSealBroken},
      ReceiptHarm{"UPDATE nakadachi.step SET salt = leaf_salt FROM (SELECT salt AS leaf_salt FROM"
                  " nakadachi.step WHERE tenant = 2 AND number = 24) other"
                  " WHERE tenant = 2 AND number = 25",
                  ErrorCode::kStatementDiffers},
      ReceiptHarm{"DELETE FROM nakadachi.step WHERE tenant = 2 AND number = 25",
                  ErrorCode::kLogGap},
      ReceiptHarm{"DELETE FROM nakadachi.train WHERE number = 3", ErrorCode::kLogHeadDiffers},
      ReceiptHarm{"DELETE FROM nakadachi.delegation", ErrorCode::kDelegationInvalid},
      ReceiptHarm{"UPDATE nakadachi.step SET leaf = sha256('x') WHERE tenant = 1 AND train = 3",
                  ErrorCode::kHeadNotInTrain},
      ReceiptHarm{"UPDATE nakadachi.train SET signature = decode(repeat('00', 64), 'hex')"
                  " WHERE number = 3",
                  ErrorCode::kSignatureInvalid});
  CAPTURE(harm.sql);
  Sql admin(town.database.login("postgres"));
  admin.must(std::string("SET session_replication_role = replica; ") + harm.sql);
  RecordReader reader(town.store, *town.registry, Records::cipher());
  const rules::LegalFacts facts;
  const auto shown =
      show_record(town.store, reader, 25, {.registry = &*town.registry, .facts = &facts});
  REQUIRE_FALSE(shown);
  CHECK(shown.error().code == harm.found);
  CHECK(is_damage(shown.error().code));

  const auto done = town.write(folder.file("r.jsonl"));
  REQUIRE(done);
  REQUIRE(done->wrong);
  CHECK(done->wrong->code == harm.found);
  CHECK_THAT(done->wrong->detail, Catch::Matchers::StartsWith("entry "));
  CHECK(export_json(*done)["good"] == false);
  CHECK(count_in(folder) == 0);
}

}  // namespace
}  // namespace nakadachi::apps
