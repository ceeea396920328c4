#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/common/demo_books.hpp"
#include "apps/common/demo_check.hpp"
#include "apps/common/demo_load.hpp"

namespace nakadachi::apps {

/// All that the demo tells at its end.
struct DemoReport {
  std::uint64_t tenants = 0;
  std::uint64_t institutions = 0;
  std::uint64_t exchanges = 0;  ///< asked
  std::uint64_t told = 0;       ///< of them with an outcome
  std::uint64_t unexpected = 0;
  std::uint64_t seed = 0;  ///< of the residents
  std::map<exchange::Outcome, std::uint64_t> outcomes;
  std::map<ErrorCode, std::uint64_t> refusals;  ///< by reason
  std::map<ErrorCode, std::uint64_t> errors;
  std::uint64_t symbols = 0;
  std::uint64_t copies = 0;
  std::uint64_t answered_live = 0;
  std::uint64_t live_refused = 0;  ///< answers that did not fit their layout
  std::uint64_t within_body = 0;
  std::uint64_t by_ordinance = 0;  ///< allowed by nothing but an ordinance through the network
  std::uint64_t seen_held = 0;  ///< questions whose clients saw in the meantime that they are held
  std::uint64_t seen_unknown = 0;               ///< likewise, that nobody knows
  std::map<std::string, std::uint64_t> wishes;  ///< what came of asking a provider to acquire
  DemoLoadCheck load;
  std::uint64_t decided = 0;                   ///< by staff
  std::map<std::string, std::uint64_t> staff;  ///< of a morning's work, by what came about
  RowCheck rows;
  billing::Bill bill;
  LogsVerified logs;
  Audit audit;
  std::string damaged;  ///< what the demo was asked to damage; empty: nothing
  double wall_seconds = 0;
};

/// Whether everything agrees.
bool is_well(const DemoReport& report);

void print_report(const DemoReport& report);
nlohmann::json report_json(const DemoReport& report);

}  // namespace nakadachi::apps
