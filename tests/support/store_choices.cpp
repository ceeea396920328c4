#include "tests/support/store_choices.hpp"

#include <iterator>
#include <vector>

namespace nakadachi::testing {
namespace {

constexpr std::uint32_t kBuckets = 4;

template <class Map>
const typename Map::value_type& any_of(const Map& map, SeededRandom& random) {
  return *std::next(map.begin(), static_cast<std::ptrdiff_t>(random.below(map.size())));
}

template <class Map>
std::optional<typename Map::key_type> any_key_of(LaneId lane, const Map& map,
                                                 SeededRandom& random) {
  std::vector<typename Map::key_type> keys;
  for (const auto& [key, row] : map) {
    if (row.lane == lane) keys.push_back(key);
  }
  if (keys.empty()) return std::nullopt;
  return keys[random.below(keys.size())];
}

}  // namespace

std::uint64_t StoreChoices::near(std::uint64_t value) {
  const std::uint64_t change = random_.below(5);
  return value + change < 2 ? 0 : value + change - 2;
}

LaneId StoreChoices::lane() {
  return LaneId{static_cast<std::uint16_t>(1 + random_.below(kContractLanes))};
}

TenantId StoreChoices::tenant() {
  return TenantId{static_cast<std::uint32_t>(1 + random_.below(kContractTenants))};
}

TenantId StoreChoices::tenant_of(LaneId lane) {
  return TenantId{static_cast<std::uint32_t>((lane.value - 1U) * kContractTenantsPerLane + 1 +
                                             random_.below(kContractTenantsPerLane))};
}

std::uint32_t StoreChoices::bucket() { return static_cast<std::uint32_t>(random_.below(kBuckets)); }

storage::Section StoreChoices::section() {
  return static_cast<storage::Section>(1 + random_.below(kSectionKinds));
}

HoldingKey StoreChoices::holding_key() {
  HoldingKey key;
  key.writable()[0] = static_cast<std::uint8_t>(random_.below(4) * 85);
  return key;
}

std::optional<StoreModel::HoldingPlace> StoreChoices::holding() {
  if (random_.chance(300)) return std::nullopt;
  const storage::Section of = section();
  return StoreModel::HoldingPlace{of, holding_key()};
}

PublicKey StoreChoices::signer() {
  PublicKey key;
  key.writable()[0] = static_cast<std::uint8_t>(random_.below(2));
  return key;
}

InstitutionCode StoreChoices::institution() {
  return *InstitutionCode::from_number(9'999'999'999'999'999 - random_.below(3));
}

TrainNumber StoreChoices::train(LaneId lane) {
  return TrainNumber{random_.below(model_.lane(lane).last.value + 2)};
}

std::optional<ExchangeId> StoreChoices::stored_exchange() {
  if (model_.steps().empty()) return std::nullopt;
  return any_of(model_.steps(), random_).second.exchange;
}

std::optional<ExchangeId> StoreChoices::stored_change() {
  if (model_.changes().empty()) return std::nullopt;
  return any_of(model_.changes(), random_).second.change;
}

std::optional<StoreModel::StepKey> StoreChoices::stored_step_of(LaneId lane) {
  return any_key_of(lane, model_.steps(), random_);
}

std::optional<StoreModel::ChangeKey> StoreChoices::stored_change_of(LaneId lane) {
  return any_key_of(lane, model_.changes(), random_);
}

}  // namespace nakadachi::testing
