#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"

/// The auditor that trusts nobody (docs/audit.md): scripts of plain SQL (tests/audit) that recount
/// from the tables alone, run by psql.
namespace nakadachi::apps {

/// What a script found: `tenant` by its digits, empty where it is nobody's alone.
struct Discrepancy {
  std::string script;
  std::string tenant;
  std::string what;
};
std::string text_of(const Discrepancy& discrepancy);

/// What there was to recount.
struct AuditCounts {
  std::uint64_t exchanges = 0;
  std::uint64_t records = 0;
  std::uint64_t units = 0;  ///< persons, messages and bytes together
  std::uint64_t yen = 0;
};

/// One side of a town's exchanges.
enum class Side : std::uint8_t { kAsked, kProvided };
/// What exchanges are counted by, at each of their sides.
struct TallyKey {
  TenantId tenant;
  Side side = Side::kAsked;
  std::uint32_t outcome = 0;  ///< number of an exchange::Outcome
  friend constexpr auto operator<=>(const TallyKey&, const TallyKey&) noexcept = default;
};
using Tallies = std::map<TallyKey, std::uint64_t>;

/// Where the auditor's tallies and somebody else's part, town by town.
std::vector<Discrepancy> differences(const Tallies& recounted, const Tallies& reported);

struct Audit {
  AuditCounts counts;
  Tallies tallies;
  std::vector<Discrepancy> found;  ///< empty when nothing is wrong
};

/// Runs every script, each in a transaction that only reads. The login has to see the rows of all
/// tenants: a superuser's, or of a role with pg_read_all_data and BYPASSRLS. Errors: those of
/// `run_psql`.
Result<Audit> run_auditor(const std::string& psql, const std::string& login);

}  // namespace nakadachi::apps
