#pragma once

#include <cstdint>
#include <optional>

#include "nakadachi/base/random.hpp"
#include "tests/support/store_model.hpp"

namespace nakadachi::testing {

/// Values to call a store with: few of each kind, so that calls meet what earlier ones left, and
/// some that a model of the store knows. Neither is owned.
class StoreChoices {
 public:
  StoreChoices(const StoreModel& model, SeededRandom& random) : model_(model), random_(random) {}

  /// Up to two less or more, not below 0.
  std::uint64_t near(std::uint64_t value);
  LaneId lane();
  TenantId tenant();
  TenantId tenant_of(LaneId lane);
  std::uint32_t bucket();
  storage::Section section();
  HoldingKey holding_key();
  /// Sometimes none.
  std::optional<StoreModel::HoldingPlace> holding();
  PublicKey signer();
  InstitutionCode institution();
  /// One of the lane, or one beside them.
  TrainNumber train(LaneId lane);

  /// Of what is stored; nothing while there is nothing.
  std::optional<ExchangeId> stored_exchange();
  std::optional<ExchangeId> stored_change();
  std::optional<StoreModel::StepKey> stored_step_of(LaneId lane);
  std::optional<StoreModel::ChangeKey> stored_change_of(LaneId lane);

 private:
  const StoreModel& model_;
  SeededRandom& random_;
};

}  // namespace nakadachi::testing
