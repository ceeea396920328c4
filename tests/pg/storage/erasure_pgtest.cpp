// What is erased or replaced leaves the database's files, and never enters the server's log.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "nakadachi/storage/upkeep.hpp"
#include "nakadachi/tenant_vm/holding_values.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::storage {
namespace {

using testing::make_change;
using testing::make_train;
using testing::Sql;
using testing::TestDatabase;

constexpr std::size_t kInline = 400;    // within the table's page
constexpr std::size_t kToasted = 9000;  // beside the table

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Everything in the files of a cluster's data directory: of all its databases, their
/// statistics, temporary files and transaction states, without or with the write-ahead log.
class Files {
 public:
  enum class Log : std::uint8_t { kWithout, kWith };
  Files(const std::filesystem::path& folder, Log log) {
    auto next = std::filesystem::recursive_directory_iterator(folder);
    for (; next != std::filesystem::end(next); ++next) {
      if (log == Log::kWithout && next->path().filename() == "pg_wal") {
        next.disable_recursion_pending();
      } else if (next->is_regular_file()) {
        contents_.push_back(content_of(next->path()));
      }
    }
  }
  bool hold_all(std::string_view bytes) const {
    return std::ranges::any_of(contents_, [&](const std::string& content) {
      return content.find(bytes) != std::string::npos;
    });
  }
  /// Whether the beginning or the end of `bytes` is there: long values are stored in pieces.
  bool hold(const Bytes& bytes) const {
    constexpr std::size_t kPiece = 100;
    const std::string_view all = as_chars(bytes);
    return std::ranges::any_of(contents_, [&](const std::string& content) {
      return content.find(all.substr(0, kPiece)) != std::string::npos ||
             content.find(all.substr(all.size() - kPiece)) != std::string::npos;
    });
  }

 private:
  std::vector<std::string> contents_;
};

/// Lane 1 of a database whose files and log are looked into.
struct ErasureFixture {
  ErasureFixture() : admin(database.login("postgres")) {
    database.join(1, 3, LaneId{1});
    admin.must("ALTER DATABASE " + admin.run("SELECT current_database()").value() +
               " SET log_min_duration_statement = 0");
    store = std::make_unique<PostgresStore>(database.logins());
    const auto grant = store->take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch;
  }

  Files files(Files::Log log = Files::Log::kWithout) {
    admin.must("CHECKPOINT");
    return {testing::test_cluster().directory() + "/data", log};
  }
  bool in_log(std::string_view text) const {
    return content_of(testing::test_cluster().directory() + "/server.log").find(text) !=
           std::string::npos;
  }
  void commit(std::vector<ChangeRow> changes) {
    Train train = make_train(random, epoch, ++number, 1);
    train.changes = std::move(changes);
    testing::number_train(train, sizes, random);
    REQUIRE(store->append(train).commit == Commit::kCommitted);
    testing::grow(sizes, train);
  }

  TestDatabase database;
  Sql admin;
  std::unique_ptr<PostgresStore> store;
  SeededRandom random{21};
  Epoch epoch;
  std::uint64_t number = 0;
  testing::LogSizes sizes;
};

TEST_CASE("an erased or replaced value is in no file but the write-ahead log after a wipe") {
  ErasureFixture fixture;
  const auto section = GENERATE(Section::kAcquisition, Section::kCopy);
  const std::size_t size = GENERATE(kInline, kToasted);
  INFO("section " << static_cast<int>(section) << " size " << size);
  const ChangeRow erased = make_change(fixture.random, TenantId{1}, section, size);
  const ChangeRow replaced = make_change(fixture.random, TenantId{1}, section, size);
  const ChangeRow kept = make_change(fixture.random, TenantId{1}, section, size);
  fixture.commit({erased, replaced, kept});
  const Files before = fixture.files();
  for (const ChangeRow& change : {erased, replaced, kept}) {
    REQUIRE(before.hold(change.value));
    REQUIRE(before.hold(change.record));
  }

  ChangeRow erasure = make_change(fixture.random, TenantId{1}, section, 0);
  erasure.key = erased.key;
  erasure.erase = true;
  ChangeRow replacement = make_change(fixture.random, TenantId{1}, section, size);
  replacement.key = replaced.key;
  fixture.commit({erasure, replacement});
  // Plain VACUUM makes the room free and leaves the bytes in it until it is used again.
  const auto wiped =
      wipe_erased(fixture.database.login("postgres"),
                  section == Section::kAcquisition ? Holdings::kAcquisitions : Holdings::kAll);
  REQUIRE(wiped);
  CHECK(wiped->after <= wiped->before);
  const Files after = fixture.files();
  CHECK(!after.hold(erased.value));
  CHECK(!after.hold(replaced.value));
  CHECK(after.hold(kept.value));
  CHECK(after.hold(replacement.value));
  CHECK(after.hold(erased.record));
  CHECK(after.hold(replaced.record));
}

TEST_CASE("the write-ahead log keeps an erased value, sealed, after a wipe") {
  // As the documentation says: its segments are recycled in their own time.
  ErasureFixture fixture;
  const ChangeRow erased = make_change(fixture.random, TenantId{1}, Section::kCopy, kInline);
  fixture.commit({erased});
  ChangeRow erasure = make_change(fixture.random, TenantId{1}, Section::kCopy, 0);
  erasure.key = erased.key;
  erasure.erase = true;
  fixture.commit({erasure});
  REQUIRE(wipe_erased(fixture.database.login("postgres"), Holdings::kAll));
  CHECK(!fixture.files(Files::Log::kWithout).hold(erased.value));
  CHECK(fixture.files(Files::Log::kWith).hold(erased.value));
}

TEST_CASE("a 取得番号 is in no file in the clear, and in none sealed after its wipe") {
  ErasureFixture fixture;
  const auto institution = *InstitutionCode::parse("1000001100200001");
  const auto person = *AddressNumber::from_number(42);
  const auto number = *AcquisitionNumber::from_number(7'391'046'582'137'904);
  crypto::TenantCipher cipher(TenantId{1});
  cipher.add_version(1, SecretBytes(Bytes(crypto::TenantCipher::kMasterSize, 0x55)));
  ChangeRow begun = make_change(fixture.random, TenantId{1}, Section::kAcquisition, 1);
  begun.key = *tenant_vm::acquisition_key(cipher, institution, person);
  begun.value = *tenant_vm::seal_acquisition(
      cipher, begun.key,
      {institution, {.number = number, .address = person, .valid_until = Timestamp{1}}},
      fixture.random);
  Bytes in_clear;
  append_big_endian<8>(in_clear, number.reveal());
  const std::string digits = std::to_string(number.reveal());
  fixture.commit({begun});
  const Files before = fixture.files(Files::Log::kWith);
  REQUIRE(before.hold_all(as_chars(begun.value)));
  CHECK(!before.hold_all(as_chars(in_clear)));
  CHECK(!before.hold_all(digits));

  ChangeRow ended = make_change(fixture.random, TenantId{1}, Section::kAcquisition, 0);
  ended.key = begun.key;
  ended.erase = true;
  fixture.commit({ended});
  REQUIRE(wipe_erased(fixture.database.login("postgres"), Holdings::kAcquisitions));
  CHECK(!fixture.files().hold_all(as_chars(begun.value)));
  const Files after = fixture.files(Files::Log::kWith);
  CHECK(!after.hold_all(as_chars(in_clear)));
  CHECK(!after.hold_all(digits));
}

TEST_CASE("a value that is erased in the train that brought it never reaches a file") {
  ErasureFixture fixture;
  const ChangeRow brought =
      make_change(fixture.random, TenantId{1}, Section::kAcquisition, kInline);
  ChangeRow erasure = make_change(fixture.random, TenantId{1}, Section::kAcquisition, 0);
  erasure.key = brought.key;
  erasure.erase = true;
  fixture.commit({brought, erasure});
  const Files files = fixture.files();
  CHECK(!files.hold(brought.value));
  CHECK(files.hold(brought.record));
}

TEST_CASE("no value enters the server's log, neither of a slow train nor of a refused one") {
  ErasureFixture fixture;
  const ChangeRow change = make_change(fixture.random, TenantId{1}, Section::kCopy, kInline);
  fixture.commit({change});
  Train refused = make_train(fixture.random, fixture.epoch, ++fixture.number, 1);
  refused.changes = {make_change(fixture.random, TenantId{1}, Section::kCopy, kInline)};
  refused.changes[0].tenant = TenantId{77};
  testing::number_train(refused, fixture.sizes, fixture.random);
  REQUIRE(fixture.store->append(refused).error.detail == "NK003");
  // What others do is logged with its text.
  REQUIRE(fixture.store->find_change(TenantId{1}, change.change));
  CHECK(fixture.in_log(to_hex(change.change.view())));
  CHECK(fixture.in_log("tenant of another lane"));
  for (const ChangeRow& row : {change, refused.changes[0]}) {
    CHECK(!fixture.in_log(to_hex(row.value)));
    CHECK(!fixture.in_log(to_hex(row.record)));
  }
}

}  // namespace
}  // namespace nakadachi::storage
