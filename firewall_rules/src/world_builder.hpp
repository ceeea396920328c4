#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// Makes a `World` step by step; each step needs the former ones.
class WorldBuilder {
 public:
  explicit WorldBuilder(Model model) { world_.model_ = std::move(model); }
  Result<World> build();

 private:
  Result<void> check_names();
  Result<void> check_titles() const;
  Result<void> check_parts();
  Result<void> check_references();
  Result<void> check_flow(const Flow& flow);
  Result<void> check_selectors();
  Result<void> place_segments();
  Result<void> place_segment(const Segment& segment);
  Result<void> place_hosts();
  Result<AddressSet> place_host(const Host& host, const Segment& segment, int town) const;
  void divide_addresses();
  void claim(Machine machine, const AddressSet& wanted);
  Result<void> open_flow(int flow);
  Result<void> collect_targets(const Flow& flow,
                               std::map<std::string, std::pair<ServiceSet, Selection>>& targets);
  void open(Opening opening);
  void translate(const Opening& opening);
  void open_segments();
  int towns() const { return static_cast<int>(world_.model_.towns.size()); }

  World world_;
  AddressSet claimed_by_hosts_;
};

}  // namespace nakadachi::walls
