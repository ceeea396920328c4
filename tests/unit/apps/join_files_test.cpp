#include "apps/common/join_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kMayor = "1000001100200001";
constexpr std::string_view kBoard = "1000001100200002";
constexpr std::string_view kAffairs = "JM01000000000001,JM02000000000002";
constexpr std::int64_t kHourMs = 3'600'000;

std::string key(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = number;
  return socket::to_z85(socket::CurvePublicKey(bytes));
}

/// A row of a system; `more` begins with a tab, or is empty.
std::string row(unsigned number, std::uint8_t which_key, std::string_view more = "",
                std::string_view institution = kMayor, std::string_view affairs = kAffairs,
                std::string_view answers = "-") {
  return fmt::format("{}\t{}\t{}\t{}\t{}{}\n", number, institution, key(which_key), affairs,
                     answers, more);
}

/// A file in a directory of its own, read by one of the readers.
template <class Read>
auto read(const std::string& text, Read reader) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "nakadachi-join-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string path = directory + "/file.tsv";
  std::ofstream(path) << text;
  auto rows = reader(path);
  std::filesystem::remove_all(directory);
  return rows;
}

Result<std::vector<BusinessSystem>> systems(const std::string& text) {
  return read(text, read_systems);
}
Result<std::vector<StaffRow>> staff(const std::string& text) { return read(text, read_staff); }

/// Line and field at which a file is refused.
template <class Rows>
std::pair<std::int32_t, std::string> place_of(const Result<Rows>& rows) {
  if (rows) return {};
  CHECK(rows.error().code == ErrorCode::kConfigInvalid);
  return {rows.error().position, std::string(rows.error().field)};
}

using Place = std::pair<std::int32_t, std::string>;

}  // namespace

TEST_CASE("systems: two keys of one system, each with its time") {
  const auto rows =
      systems("# a comment\n" + row(7, 1, "\t-\t2027-03-31") + row(8, 2) +
              row(7, 3, "\t2027-03-31T18:00", kMayor, "JM02000000000002,JM01000000000001"));
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].number == 7);
  CHECK((*rows)[2].number == 7);
  CHECK((*rows)[0].key != (*rows)[2].key);
  // 2027-04-01T00:00 and 2027-03-31T18:00 in Japan.
  const Timestamp midnight{1'806'505'200'000};
  CHECK((*rows)[0].time == socket::KeyTime{.from = {}, .until = midnight});
  CHECK((*rows)[1].time == socket::KeyTime{});
  CHECK((*rows)[2].time == socket::KeyTime{.from = midnight - 6 * kHourMs, .until = {}});
}

TEST_CASE("systems: what is written is read back") {
  const auto rows =
      systems(row(7, 1, "\t2026-01-01\t2027-03-31T08:05\tbusiness@011002") + row(8, 2));
  REQUIRE(rows.ok());
  const std::string written = write_systems(*rows);
  CHECK_THAT(written, Catch::Matchers::ContainsSubstring(
                          "\t2026-01-01T00:00\t2027-03-31T08:05\tbusiness@011002\n"));
  const auto again = systems(written);
  REQUIRE(again.ok());
  REQUIRE(again->size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK((*again)[i].number == (*rows)[i].number);
    CHECK((*again)[i].key == (*rows)[i].key);
    CHECK((*again)[i].affairs == (*rows)[i].affairs);
    CHECK((*again)[i].time == (*rows)[i].time);
    CHECK((*again)[i].place == (*rows)[i].place);
  }
}

TEST_CASE("systems: the keys of one may be at different places") {
  const auto rows = systems(row(7, 1, "\t-\t-\tbusiness_systems@011002") +
                            row(7, 2, "\t-\t-\t10.64.0.11") + row(8, 3, "\t-\t-\t-"));
  REQUIRE(rows.ok());
  CHECK((*rows)[0].place == "business_systems@011002");
  CHECK((*rows)[1].place == "10.64.0.11");
  CHECK((*rows)[2].place.empty());
}

TEST_CASE("systems: rows that do not agree are refused with line and field") {
  const std::string two = row(7, 1) + row(7, 2);
  REQUIRE(systems(two).ok());
  CHECK(place_of(systems(two + row(7, 3))) == Place{3, "number"});
  CHECK(place_of(systems(row(7, 1) + row(7, 2, "", kBoard))) == Place{2, "institution"});
  CHECK(place_of(systems(row(7, 1) + row(7, 2, "", kMayor, "JM01000000000001"))) ==
        Place{2, "affairs"});
  CHECK(place_of(systems(row(7, 1) + row(7, 2, "", kMayor, kAffairs, "TM00000000000001"))) ==
        Place{2, "answers"});
  CHECK(place_of(systems(row(7, 1) + row(8, 1))) == Place{2, "key"});
  CHECK(place_of(systems(row(1U << 24U, 1))) == Place{1, "number"});
  CHECK(place_of(systems(row(7, 1, "\t2027-04-01\t2027-03-31"))) == Place{1, "until"});
  CHECK(place_of(systems(row(7, 1, "\t2027-02-29"))) == Place{1, "from"});
  for (const char* wrong : {"2027-03-31T", "2027-03-31T24:00", "2027-03-31 18:00", "31.3.2027",
                            "2027-03-31T18:60", "2027-03-31T18:00Z", ""}) {
    INFO(wrong);
    CHECK(place_of(systems(row(7, 1, std::string("\t-\t") + wrong))) == Place{1, "until"});
  }
  CHECK(place_of(systems("7\t" + std::string(kMayor) + "\tnot a key\t-\t-\n")) == Place{1, "key"});
  CHECK(place_of(systems(row(7, 1, "\t-\t-\t"))) == Place{1, "place"});
  CHECK(place_of(systems(row(7, 1, "\t-\t-\t-\t-"))) == Place{1, ""});
}

TEST_CASE("staff: two keys of one person, with the same rights") {
  const auto line = [](unsigned number, std::string_view institution, std::uint8_t which_key,
                       std::string_view rights, std::string_view more = "") {
    return fmt::format("{}\t{}\t{}\t{}{}\n", number, institution, key(which_key), rights, more);
  };
  const auto rows =
      staff(line(1, kMayor, 1, "change,decide", "\t-\t2027-03-31") +
            line(1, kMayor, 2, "decide,change") + line(2, "-", 3, "-") + line(2, "-", 4, "-"));
  REQUIRE(rows.ok());
  CHECK(rows->size() == 4);
  CHECK((*rows)[0].time.until.has_value());
  CHECK(staff(write_staff(*rows)).ok());
  CHECK(place_of(staff(line(1, kMayor, 1, "change") + line(1, kMayor, 2, "decide"))) ==
        Place{2, "rights"});
  CHECK(place_of(staff(line(1, kMayor, 1, "-") + line(1, "-", 2, "-"))) == Place{2, "institution"});
  CHECK(place_of(staff(line(1, "-", 1, "-") + line(1, "-", 2, "-") + line(1, "-", 3, "-"))) ==
        Place{3, "number"});
}

TEST_CASE("nodes: two keys of one node, with times and places") {
  const auto nodes = [](const std::string& text) { return read(text, read_nodes); };
  const auto line = [](unsigned number, std::uint8_t which_key, std::string_view more = "") {
    return fmt::format("{}\t{}{}\n", number, key(which_key), more);
  };
  const auto rows =
      nodes(line(1, 1, "\t-\t2027-03-31") + line(1, 2, "\t2027-03-28\t-\tnode") + line(2, 3));
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].time.until.has_value());
  CHECK((*rows)[1].place == "node");
  CHECK((*rows)[2].time == socket::KeyTime{});
  const auto again = nodes(write_nodes(*rows));
  REQUIRE(again.ok());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    CHECK((*again)[i].number == (*rows)[i].number);
    CHECK((*again)[i].key == (*rows)[i].key);
    CHECK((*again)[i].time == (*rows)[i].time);
    CHECK((*again)[i].place == (*rows)[i].place);
  }
  CHECK(place_of(nodes(line(1, 1) + line(1, 2) + line(1, 3))) == Place{3, "number"});
  CHECK(place_of(nodes(line(1, 1) + line(2, 1))) == Place{2, "key"});
  CHECK(place_of(nodes(line(1, 1) + "2\tno key\n")) == Place{2, "key"});
}

TEST_CASE("a file that was cut in the middle of a row, or is none, is refused", "[apps]") {
  const std::string whole = row(1, 1) + row(1, 2, "\t2026-12-01\t2027-03-31\tbusiness@011002");
  REQUIRE(systems(whole).ok());
  for (std::size_t size = row(1, 1).size() + 1; size < whole.size(); ++size) {
    CHECK(place_of(systems(whole.substr(0, size))).first == 2);
  }
  CHECK(read_systems("/tmp").error().code == ErrorCode::kFileProblem);
}

}  // namespace nakadachi::apps
