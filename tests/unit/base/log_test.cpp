#include "nakadachi/base/log.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <type_traits>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/secret.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a log line is one JSON object", "[base]") {
  const auto path =
      std::filesystem::temp_directory_path() / ("nakadachi-log-test-" + std::to_string(getpid()));
  REQUIRE(log::open(path.string(), log::Level::kInfo).ok());
  log::write(log::Level::kDebug, "not_written");
  log::write(log::Level::kInfo, "train_left",
             {{"rows", std::uint64_t{256}}, {"lane", "a\"b\n"}, {"full", true}});
  log::write(log::Level::kError, "store_problem",
             Error{.code = ErrorCode::kStoreFailed, .detail = "SQLSTATE 23505"},
             {{"lane", std::int64_t{1}}});
  REQUIRE(log::open("", log::Level::kError).ok());
  const std::string text = read_file(path);
  std::filesystem::remove(path);
  CHECK(text.find("not_written") == std::string::npos);
  CHECK(text.find(R"("event":"train_left","rows":256,"lane":"a\"b\u000a","full":true})") !=
        std::string::npos);
  CHECK(text.find(R"("error":602,"error_name":"store_failed")") != std::string::npos);
  CHECK(text.find(R"("detail":"SQLSTATE 23505","lane":1})") != std::string::npos);
}

TEST_CASE("a log file that cannot be opened is an error", "[base]") {
  CHECK(log::open("/dev/null/log", log::Level::kInfo).error().code == ErrorCode::kFileProblem);
}

TEST_CASE("personal values cannot become log fields", "[base]") {
  using Value = decltype(log::Field::value);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Value, Symbol>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Value, AddressNumber>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Value, SecretBytes>);
}
