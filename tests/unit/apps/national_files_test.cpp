#include "apps/common/national_files.hpp"

#include <filesystem>

#include "apps/common/text_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

using namespace nakadachi;
using apps::IssuedFiles;

namespace {

constexpr std::uint64_t kNumber = 9'876'543'210'987'654;

national::IssuedSymbol symbol(std::uint64_t person, std::uint64_t number) {
  return {.institution = *InstitutionCode::parse("1000001100200001"),
          .person = apps::person_of(person),
          .issued_at = Timestamp{static_cast<std::int64_t>(1'800'000'000'000 + person)},
          .unconfirmed_number = number};
}

bool is_in_a_file(const testing::TempFolder& folder, std::uint64_t number) {
  bool found = false;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    const auto text = apps::read_file(file.path().string());
    REQUIRE(text.ok());
    found = found || text->find(std::to_string(number)) != std::string::npos;
  }
  return found;
}

std::vector<national::IssuedSymbol> read_again(const testing::TempFolder& folder) {
  const auto files = IssuedFiles::open(folder.path().string());
  REQUIRE(files.ok());
  return files->all();
}

}  // namespace

TEST_CASE("The national system keeps a 取得番号 until its symbol is confirmed, and no longer",
          "[apps]") {
  const testing::TempFolder folder;
  auto files = IssuedFiles::open(folder.path().string());
  REQUIRE(files.ok());
  CHECK(files->all().empty());
  const std::vector issued = {symbol(1, kNumber), symbol(2, kNumber + 1)};
  REQUIRE(files->keep(issued).ok());
  CHECK(is_in_a_file(folder, kNumber));
  REQUIRE(read_again(folder).size() == 2);

  const std::vector confirmed = {symbol(1, 0)};
  REQUIRE(files->keep(confirmed).ok());
  CHECK_FALSE(is_in_a_file(folder, kNumber));
  CHECK(is_in_a_file(folder, kNumber + 1));
  const auto again = read_again(folder);
  REQUIRE(again.size() == 2);
  for (const national::IssuedSymbol& one : again) {
    const bool is_first = one.person == apps::person_of(1);
    CHECK(one.unconfirmed_number == (is_first ? 0 : kNumber + 1));
    CHECK(one.issued_at == Timestamp{1'800'000'000'000 + (is_first ? 1 : 2)});
  }
}

TEST_CASE("What a crash leaves between the files of the national system is found again", "[apps]") {
  const testing::TempFolder folder;
  {
    auto files = IssuedFiles::open(folder.path().string());
    REQUIRE(files.ok());
    REQUIRE(files->keep(std::vector{symbol(1, kNumber)}).ok());
  }
  std::filesystem::remove(folder.file("issued.tsv"));  // as if it had never been written
  auto files = IssuedFiles::open(folder.path().string());
  REQUIRE(files.ok());
  REQUIRE(files->all().size() == 1);
  CHECK(files->all()[0].unconfirmed_number == kNumber);
  REQUIRE(files->keep(std::vector{symbol(1, 0)}).ok());
  REQUIRE(read_again(folder).size() == 1);
  CHECK(read_again(folder)[0].unconfirmed_number == 0);
  CHECK(read_again(folder)[0].issued_at == Timestamp{1'800'000'000'001});
}
