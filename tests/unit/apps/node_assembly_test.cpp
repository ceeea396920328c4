#include "apps/common/node_assembly.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "apps/common/join_files.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::apps {
namespace {

socket::CurvePublicKey key(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = number;
  return socket::CurvePublicKey(bytes);
}

/// A node's configuration with the callers of these rows.
class CallersFiles {
 public:
  CallersFiles(const std::vector<BusinessSystem>& systems, const std::vector<StaffRow>& staff) {
    REQUIRE(mkdtemp(directory_.data()) != nullptr);
    config.oltp_endpoint = "tcp://10.1.1.11:5701";
    config.admin_endpoint = "tcp://10.1.1.11:5704";
    config.systems_file = directory_ + "/systems.tsv";
    config.staff_file = directory_ + "/staff.tsv";
    REQUIRE(write_private_file(config.systems_file, write_systems(systems)).ok());
    REQUIRE(write_private_file(config.staff_file, write_staff(staff)).ok());
  }
  CallersFiles(const CallersFiles&) = delete;
  CallersFiles& operator=(const CallersFiles&) = delete;
  ~CallersFiles() { std::filesystem::remove_all(directory_); }

  NodeConfig config;

 private:
  std::string directory_ = (std::filesystem::temp_directory_path() / "callers-XXXXXX").string();
};

BusinessSystem system_at(std::uint32_t number, std::uint8_t which_key, std::string place = {}) {
  return {.number = number,
          .institution = *InstitutionCode::parse("1000001100200001"),
          .key = key(which_key),
          .affairs = {},
          .answers = {},
          .place = std::move(place)};
}

WallsPolicy centre() {
  auto model = load_walls("preset:shared_centre");
  REQUIRE(model.ok());
  model->towns.resize(2);
  auto policy =
      WallsPolicy::make(*std::move(model), "node1",
                        {std::chrono::year{2026}, std::chrono::month{11}, std::chrono::day{22}});
  REQUIRE(policy.ok());
  return *std::move(policy);
}

}  // namespace

TEST_CASE("callers: two keys are one system with one set of rights") {
  const CallersFiles files({system_at(7, 1), system_at(8, 2), system_at(7, 3)},
                           {{.number = 1, .institution = {}, .key = key(4)},
                            {.number = 1, .institution = {}, .key = key(5)}});
  const auto callers = load_callers(files.config, nullptr);
  REQUIRE(callers.ok());
  REQUIRE(callers->systems.size() == 3);
  CHECK(callers->systems[2].holder == tenant_vm::SystemId{7});
  CHECK(callers->systems[2].key == key(3));
  CHECK(callers->rights.systems.size() == 2);
  CHECK(callers->staff.size() == 2);
  CHECK(callers->rights.staff.empty());
  CHECK(callers->rights.operators == std::vector<tenant_vm::StaffId>{{1}});
}

TEST_CASE("callers: a place is judged by the model of the network, and refused without one") {
  const WallsPolicy policy = centre();
  const CallersFiles at_place({system_at(7, 1, "10.64.1.10")},
                              {{.number = 1, .institution = {}, .key = key(4), .place = "ops"}});
  const auto callers = load_callers(at_place.config, &policy);
  REQUIRE(callers.ok());
  CHECK(callers->systems.front().may_come_from("10.64.1.10"));
  CHECK_FALSE(callers->systems.front().may_come_from("10.64.0.10"));
  CHECK(callers->staff.front().may_come_from("10.1.5.21"));

  const auto without = load_callers(at_place.config, nullptr);
  REQUIRE_FALSE(without.ok());
  CHECK(without.error().code == ErrorCode::kConfigInvalid);
  CHECK(without.error().field == "place");
  CHECK_THAT(without.error().detail, Catch::Matchers::ContainsSubstring("number 7: a place needs"));

  const CallersFiles unreachable({system_at(7, 1), system_at(9, 2, "ops")}, {});
  const auto refused = load_callers(unreachable.config, &policy);
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.error().detail,
             Catch::Matchers::ContainsSubstring("number 9: the door cannot be reached"));
}

TEST_CASE("registry: one that is older than the configuration allows is not taken") {
  const testing::TempFolder folder;
  const crypto::Ed25519Signer registrar(SecretBytes(as_bytes(std::string(32, 'r'))));
  const std::string file = folder.file("registry.bin");
  REQUIRE(write_private_file(file, as_chars(crypto::Registry::make({}, 7, {1}, registrar))));
  TrustConfig trust{.roots = {.registry_key = registrar.public_key()}};
  for (const std::uint64_t least : {0U, 6U, 7U}) {
    trust.least_serial = least;
    const auto taken = load_registry(trust, file);
    REQUIRE(taken.ok());
    CHECK(taken->serial() == 7);
  }
  trust.least_serial = 8;
  const auto refused = load_registry(trust, file);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kRegistryInvalid);
  CHECK(refused.error().detail == file + ": older than one seen before (trust.least_serial 8)");
}

}  // namespace nakadachi::apps
