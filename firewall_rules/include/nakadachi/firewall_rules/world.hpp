#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/firewall_rules/model.hpp"

namespace nakadachi::walls {

inline constexpr int kNobody = -1;

/// What selectors name: addresses that all share, and per town what the town's
/// own hosts and segments have.
struct Selection {
  AddressSet shared;
  std::vector<AddressSet> of_town;  ///< one a town, or none at all
  AddressSet all() const;
};

/// Whoever has some addresses: a host, all unnamed addresses of one segment
/// (who holds one of them may take any other of them), or the world outside.
struct Machine {
  int segment = kNobody;  ///< place in the model; nobody: outside
  int host = kNobody;     ///< place in the model; nobody: unnamed
  int town = kNobody;
  AddressSet addresses;
};

/// One flow with its addresses, for one town where the flow joins a town to
/// itself; or what an open segment lets through.
struct Opening {
  int flow = kNobody;     ///< place in the model
  int segment = kNobody;  ///< of an open segment instead
  int town = kNobody;
  int nat = kNobody;  ///< by this translation: `region` is behind it, the caller names `shown`
  Region region;
  /// The part of one family; packets do not change family.
  std::array<Region, 2> by_family;
};

/// A model with every name resolved and every opening spelled out. Immutable.
///
/// Three assumptions stand behind all answers: a machine that is reached at any
/// port counts as taken over; a taken-over machine uses its own addresses
/// (walls drop forged ones, `compile` writes those rules); walls hold.
class World {
 public:
  /// Errors: `kConfigInvalid` with the line in the file as position, for names
  /// that are not there or there twice, and pools too small for the towns.
  static Result<World> build(Model model);

  const Model& model() const noexcept { return model_; }
  std::span<const Machine> machines() const noexcept { return machines_; }
  std::span<const Opening> openings() const noexcept { return openings_; }

  /// `any`, `outside` (in no segment), `kind:core`, the name of a segment or
  /// host, one of these with `@code` for one town; an address, prefix or range.
  /// Errors: `kConfigInvalid`, saying what is written wrongly.
  Result<Selection> resolve(std::span<const std::string> selectors) const;

  /// The two sides of an invariant; `except` is taken away from the first.
  struct Question {
    Selection from;
    Selection to;
  };
  Result<Question> resolve(const Invariant& invariant) const;

  /// Machines that hold any of these addresses, ascending.
  std::vector<int> machines_in(const AddressSet& addresses) const;
  int machine_at(Address address) const;
  /// `node`, `business_systems@011002`, `others in business@011002`, `outside`.
  std::string name_of_machine(int machine) const;
  /// A flow's id, `inside business@011002` of an open segment.
  std::string name_of_opening(const Opening& opening) const;

  /// Addresses of a segment, of all its towns when `town` is nobody.
  const AddressSet& segment_addresses(int segment, int town = kNobody) const;
  /// Addresses of a host, of all its towns when `town` is nobody.
  const AddressSet& host_addresses(int host, int town = kNobody) const;

  int find_segment(std::string_view name) const;  ///< kNobody when there is none
  int find_host(std::string_view name) const;
  int find_town(std::string_view code) const;
  int find_wall(std::string_view name) const;
  int find_flow(std::string_view id) const;
  const AddressSet& outside() const noexcept { return outside_; }

  /// Walls between two segments (places in the model; `outside_place` is the
  /// world outside): those on any shortest way, each with how many walls stand
  /// before it. Empty when no walls join them.
  struct Passage {
    int wall;
    int position;
  };
  std::vector<Passage> way(int from_segment, int to_segment) const;
  int outside_place() const noexcept { return static_cast<int>(model_.segments.size()); }

 private:
  World() = default;
  friend class WorldBuilder;

  struct Holding {
    Interval<Address> piece;
    int machine;
  };
  struct PerTown {
    AddressSet all;
    std::vector<AddressSet> of_town;
  };

  Model model_;
  std::vector<PerTown> segments_;
  std::vector<PerTown> hosts_;
  std::vector<Machine> machines_;
  std::vector<Holding> holdings_;  ///< a partition of all addresses, ascending
  std::vector<Opening> openings_;
  AddressSet outside_;
};

/// Which members of a list of regions can overlap a given one, without looking
/// at the others. Keeps pointers: the regions must stay where they are.
class RegionIndex {
 public:
  explicit RegionIndex(std::vector<const Region*> regions);
  /// Calls `take(place)` for regions whose sources overlap, each once, ascending.
  std::vector<int> overlapping(const Region& region) const;
  const Region& at(int place) const { return *regions_[static_cast<std::size_t>(place)]; }

 private:
  struct Entry {
    Interval<Address> piece;
    Address greatest_last;  ///< of this and all former entries
    int place;
  };
  std::vector<const Region*> regions_;
  std::vector<Entry> entries_;
};

}  // namespace nakadachi::walls
