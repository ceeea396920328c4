#pragma once

#include <cstdint>
#include <optional>

#include "nakadachi/base/random.hpp"
#include "tests/support/store_choices.hpp"
#include "tests/support/store_model.hpp"

namespace nakadachi::testing {

/// Trains for a store of which a model tells what it holds: good ones, and ones that break a rule.
/// Model and random source are not owned.
class RandomTrains {
 public:
  struct Made {
    storage::Train train;
    Numbering numbering = Numbering::kGood;
  };

  /// `stranger`: a well-formed tenant that has not joined with any lane of the contract, where the
  /// store knows about that.
  RandomTrains(const StoreModel& model, SeededRandom& random, std::optional<TenantId> stranger)
      : model_(model), random_(random), any_(model, random), stranger_(stranger) {}

  /// The lane's next one, which a store takes when somebody has taken the lane.
  storage::Train good(LaneId lane);
  /// The lane's next one; about half of them break a rule, whose numbers or heads are at fault in
  /// some.
  Made any(LaneId lane);

 private:
  storage::StepRow new_row(LaneId lane);
  storage::ChangeRow new_change(LaneId lane);
  storage::Checkpoint new_checkpoint(const storage::Head& head);
  Units any_units();
  Bytes any_bytes();
  /// Numbers rows and changes as the logs go on, with fresh heads.
  void number(storage::Train& train);

  void spoil(storage::Train& train);
  void spoil_row(storage::Train& train);
  void spoil_change(storage::Train& train);
  /// More than a row can hold, or of no cause.
  void spoil(Units& units);
  /// Numbers, heads or checkpoints that no store takes.
  Numbering misnumber(storage::Train& train);

  const StoreModel& model_;
  SeededRandom& random_;
  StoreChoices any_;
  std::optional<TenantId> stranger_;
};

}  // namespace nakadachi::testing
