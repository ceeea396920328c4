#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/demo_pool.hpp"
#include "apps/common/run_program.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/wall_lab.hpp"

namespace nakadachi::walls::testing {

/// The shared centre with its first two towns, as it is deployed: PostgreSQL, the reference
/// national system, a gateway and a node, each as a process in the network of its own host, and
/// the walls between. Node and gateway keep the model too ([walls]). What stands where the model
/// has nobody: resident systems come from the national system's own host.
class Centre {
 public:
  enum class Rules : std::uint8_t { kNone, kLoaded, kProbed };

  /// Builds the networks and loads the compiled rules, if wanted, before anything is started in
  /// them; `kProbed` compares every pair of hosts with the model then, and sets the counters back.
  /// All speak by addresses of one family. Whatever fails, fails the test.
  Centre(Rules rules, std::size_t persons, Family family = Family::kIpv4);
  Centre(const Centre&) = delete;
  Centre& operator=(const Centre&) = delete;

  apps::DemoPool& pool() { return *pool_; }
  const Lab& lab() const { return *lab_; }
  const std::string& model() const { return model_; }
  std::string file(std::string_view name) const { return folder_.file(name); }
  /// The model without one flow, as a file of its own.
  std::string model_without(std::string_view flow) const;

  /// The box with this name, as in node or business_systems@011002.
  int box(std::string_view name) const;
  /// Calls `work` in the network of a box.
  template <class Work>
  auto at(std::string_view name, Work work) const {
    return lab_->inside(box(name), work);
  }
  /// Where the business systems of the town of an institution are.
  std::string systems_box(std::size_t institution) const;

  /// Loads what a model says on every wall and walled host, as an operator does: `firewall
  /// apply`, then `firewall confirm`.
  void apply(const std::string& model) const;
  /// Walls and hosts whose rules are not what `firewall drift` makes of the model.
  std::vector<std::string> drifted(const std::string& model) const;
  /// Packets by counter, as in denied or flow_oltp.
  std::map<std::string, std::uint64_t> counters(std::string_view name) const;

  /// One question of a business system, put by a process of its own.
  struct Question {
    apps::DemoResidents::PlannedQuery planned;
    RequestKey key;  ///< all zero until it is first asked, as a key must not be old then
  };
  /// The demo's questions from `first` on, without those that need staff, a business system that
  /// answers, or (where it shall cross the walls) another town.
  std::vector<Question> questions(std::size_t count, std::uint64_t first) const;
  apps::ProgramEnd ask(Question& question, const std::string& from, std::uint32_t patience_s) const;
  /// All of them, from where they belong, the towns at the same time. By place in `questions`.
  std::vector<apps::ProgramEnd> ask_all(std::vector<Question>& questions,
                                        std::uint32_t patience_s) const;
  /// Rows of all towns with this step, by the database itself.
  std::size_t rows(storage::Step step) const;

  /// Which of the demo's persons is meant: both towns number them alike but for the first digits.
  static std::uint64_t person_of(const AddressNumber& number) {
    return number.reveal() % 10'000'000'000;
  }

 private:
  void probe();
  void start_pool(std::size_t persons, Family family);

  nakadachi::testing::TempFolder folder_;
  std::string model_;
  std::unique_ptr<const World> world_;
  std::unique_ptr<Lab> lab_;
  std::unique_ptr<apps::DemoPool> pool_;  // last: its processes are in the networks
};

}  // namespace nakadachi::walls::testing
