#include "nakadachi/socket/curve_keys.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "nakadachi/socket/access_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::socket {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

void write_secret(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc) << content;
  ::chmod(path.c_str(), 0600);
}

ErrorCode load_error(const std::string& path) {
  const auto loaded = CurveKeyPair::load(path);
  REQUIRE_FALSE(loaded.ok());
  return loaded.error().code;
}

}  // namespace

TEST_CASE("curve keys: pairs differ and their text comes back") {
  const auto one = CurveKeyPair::make();
  const auto two = CurveKeyPair::make();
  CHECK(one.public_key() != two.public_key());
  CHECK(one.secret().size() == 32);
  const std::string text = to_z85(one.public_key());
  CHECK(text.size() == 40);
  const auto read = curve_key_from_z85(text);
  REQUIRE(read.ok());
  CHECK(*read == one.public_key());
}

TEST_CASE("curve keys: text that is no key is refused") {
  CHECK(curve_key_from_z85("").error().code == ErrorCode::kWrongLength);
  CHECK(curve_key_from_z85(std::string(39, '0')).error().code == ErrorCode::kWrongLength);
  CHECK(curve_key_from_z85(std::string(41, '0')).error().code == ErrorCode::kWrongLength);
  CHECK(curve_key_from_z85(std::string(40, ' ')).error().code == ErrorCode::kWrongFormat);
  CHECK(curve_key_from_z85(std::string(40, '"')).error().code == ErrorCode::kWrongFormat);
  CHECK(curve_key_from_z85(std::string(40, '\0')).error().code == ErrorCode::kWrongFormat);
  CHECK(curve_key_from_z85(std::string(40, '#')).error().code == ErrorCode::kWrongFormat);
  CHECK(curve_key_from_z85(std::string(40, '\xE3')).error().code == ErrorCode::kWrongFormat);
  CHECK(curve_key_from_z85(std::string(40, '0')).ok());
}

TEST_CASE("curve keys: a saved pair comes back, readable by its owner only") {
  const testing::TempFolder folder;
  const auto pair = CurveKeyPair::make();
  REQUIRE(pair.save(folder.file("key")).ok());
  struct stat status{};
  REQUIRE(::stat(folder.file("key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  const auto loaded = CurveKeyPair::load(folder.file("key"));
  REQUIRE(loaded.ok());
  CHECK(loaded->public_key() == pair.public_key());
  CHECK(std::equal(loaded->secret().view().begin(), loaded->secret().view().end(),
                   pair.secret().view().begin()));

  const auto again = CurveKeyPair::make().save(folder.file("key"));
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kFileProblem);
  CHECK(CurveKeyPair::load(folder.file("key"))->public_key() == pair.public_key());
  CHECK(CurveKeyPair::make().save(folder.file("no/such/folder")).error().code ==
        ErrorCode::kFileProblem);
}

TEST_CASE("curve keys: a file others may read, a link or none is refused") {
  const testing::TempFolder folder;
  CHECK(load_error(folder.file("key")) == ErrorCode::kFileProblem);
  REQUIRE(CurveKeyPair::make().save(folder.file("key")).ok());
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    REQUIRE(::chmod(folder.file("key").c_str(), mode) == 0);
    CHECK(load_error(folder.file("key")) == ErrorCode::kFileProblem);
  }
  REQUIRE(::chmod(folder.file("key").c_str(), 0600) == 0);
  REQUIRE(::symlink(folder.file("key").c_str(), folder.file("link").c_str()) == 0);
  CHECK(load_error(folder.file("link")) == ErrorCode::kFileProblem);
  CHECK(load_error("/tmp") == ErrorCode::kFileProblem);
  CHECK(CurveKeyPair::load(folder.file("key")).ok());
}

/// What systemd says of where credentials are.
struct Credentials {
  explicit Credentials(const std::string& folder) {
    ::setenv("CREDENTIALS_DIRECTORY", folder.c_str(), 1);
  }
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  ~Credentials() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
};

TEST_CASE("curve keys: a file that its group may only read is taken as root's credential") {
  const testing::TempFolder folder;
  REQUIRE(CurveKeyPair::make().save(folder.file("key")).ok());
  REQUIRE(::chmod(folder.file("key").c_str(), 0440) == 0);
  CHECK(load_error(folder.file("key")) == ErrorCode::kFileProblem);
  const Credentials credentials(folder.path().string());
  CHECK(CurveKeyPair::load(folder.file("key")).ok() == (::geteuid() == 0));
  if (::geteuid() != 0) return;
  REQUIRE(::chown(folder.file("key").c_str(), 1, 0) == 0);
  CHECK(load_error(folder.file("key")) == ErrorCode::kFileProblem);
}

TEST_CASE("curve keys: a file damaged anywhere is refused") {
  const testing::TempFolder folder;
  REQUIRE(CurveKeyPair::make().save(folder.file("key")).ok());
  const std::string good = content_of(folder.file("key"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '7' ? '8' : '7';
    write_secret(folder.file("other"), bad);
    INFO("character " << i);
    CHECK(load_error(folder.file("other")) == ErrorCode::kKeyFileDamaged);
  }
  for (const std::string& bad : {std::string(), good.substr(1), good + "\n", good + good}) {
    write_secret(folder.file("other"), bad);
    CHECK(load_error(folder.file("other")) == ErrorCode::kKeyFileDamaged);
  }
}

TEST_CASE("access table: finds users by key and refuses a key that stands twice") {
  const auto one = CurveKeyPair::make().public_key();
  const auto two = CurveKeyPair::make().public_key();
  const Timestamp now{1'000};
  const auto table = AccessTable::make({{one, {1}}, {two, {1}}});
  REQUIRE(table.ok());
  REQUIRE((*table)->find(one, now) != nullptr);
  CHECK((*table)->find(one, now)->user == UserId{1});
  REQUIRE((*table)->find(two, now) != nullptr);
  CHECK((*table)->find(two, now)->user == UserId{1});
  CHECK((*table)->find(CurveKeyPair::make().public_key(), now) == nullptr);
  CHECK((*table)->holds({1}, now));
  CHECK_FALSE((*table)->holds({2}, now));
  const auto twice = AccessTable::make({{one, {1}}, {one, {2}}});
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().code == ErrorCode::kConfigInvalid);
}

TEST_CASE("access table: a key begins and ends to the millisecond, and its user with the last") {
  const auto first = CurveKeyPair::make().public_key();
  const auto second = CurveKeyPair::make().public_key();
  const auto table = AccessTable::make({{first, {1}, {.from = {}, .until = Timestamp{2'000}}},
                                        {second, {1}, {.from = Timestamp{1'500}, .until = {}}},
                                        {CurveKeyPair::make().public_key(),
                                         {2},
                                         {.from = Timestamp{1'000}, .until = Timestamp{1'600}}}});
  REQUIRE(table.ok());
  const auto first_at = [&](std::int64_t ms) { return (*table)->find(first, {ms}) != nullptr; };
  const auto second_at = [&](std::int64_t ms) { return (*table)->find(second, {ms}) != nullptr; };
  CHECK(first_at(0));
  CHECK(first_at(1'999));
  CHECK_FALSE(first_at(2'000));
  CHECK_FALSE(second_at(1'499));
  CHECK(second_at(1'500));
  CHECK(second_at(5'000));
  CHECK((*table)->holds({1}, {1'700}));
  CHECK((*table)->holds({1}, {9'000}));
  CHECK_FALSE((*table)->holds({2}, {999}));
  CHECK((*table)->holds({2}, {1'000}));
  CHECK_FALSE((*table)->holds({2}, {1'600}));
}

}  // namespace nakadachi::socket
