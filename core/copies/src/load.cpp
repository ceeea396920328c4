#include "nakadachi/copies/load.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace nakadachi::copies {
namespace {

class Planner {
 public:
  Planner(const Load& load, const Layout& layout, const CopyShelf& shelf,
          crypto::TenantCipher& cipher)
      : load_(load), layout_(layout), shelf_(shelf), cipher_(cipher) {}

  Result<void> look_at(const LoadRow& row, std::size_t place) {
    const CopyContent content = content_of(load_, row);
    std::vector<Finding> findings =
        row.removal ? std::vector<Finding>() : validate(content, layout_);
    if (!persons_.insert(row.person).second) {
      findings.push_back({.name = std::string(kPersonColumn), .fault = Fault::kPersonTwice});
    }
    if (!findings.empty()) {
      for (Finding& finding : findings) plan.findings.push_back({row.line, std::move(finding)});
      ++plan.counts.invalid;
      return {};
    }
    NAKADACHI_TRY(const HoldingKey key,
                  copy_key(cipher_, shelf_.institution(), row.person, load_.kind));
    const auto registered = shelf_.dataset_of(key);
    if (registered && *registered > load_.dataset) {
      ++plan.counts.superseded;
    } else if (row.removal) {
      registered ? add(key, Operation::kDelete, place) : leave();
    } else if (!registered) {
      add(key, Operation::kRegister, place);
    } else {
      NAKADACHI_TRY(const bool same, is_registered(row, *registered, content));
      same ? leave() : add(key, Operation::kReplace, place);
    }
    return {};
  }

  LoadPlan plan;

 private:
  Result<bool> is_registered(const LoadRow& row, std::uint64_t dataset,
                             const CopyContent& content) {
    if (dataset != load_.dataset) return false;
    NAKADACHI_TRY(const auto former, shelf_.find(cipher_, row.person, load_.kind));
    return former == content;
  }

  void add(const HoldingKey& key, Operation operation, std::size_t place) {
    plan.changes.push_back({.key = key, .operation = operation, .row = place});
    if (operation == Operation::kRegister) ++plan.counts.registered;
    if (operation == Operation::kReplace) ++plan.counts.replaced;
    if (operation == Operation::kDelete) ++plan.counts.deleted;
  }

  void leave() { ++plan.counts.unchanged; }

  const Load& load_;
  const Layout& layout_;
  const CopyShelf& shelf_;
  crypto::TenantCipher& cipher_;
  std::set<AddressNumber> persons_;
};

std::size_t lines_of(const std::vector<RowFinding>& findings) {
  std::set<std::uint32_t> lines;
  for (const RowFinding& finding : findings) lines.insert(finding.line);
  return lines.size();
}

}  // namespace

Result<LoadPlan> plan_load(const Load& load, const LoadRows& rows, const LayoutBook& book,
                           const CopyShelf& shelf, crypto::TenantCipher& cipher) {
  const Layout* const layout = book.find(load.kind, load.layout_version);
  if (layout == nullptr || !layout->in_force.holds(load.day)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "layout_version"};
  }
  if (load.validity.is_reversed()) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "validity"};
  }
  Planner planner(load, *layout, shelf, cipher);
  planner.plan.findings = rows.findings;
  planner.plan.counts.invalid = lines_of(rows.findings);
  for (std::size_t place = 0; place < rows.rows.size(); ++place) {
    NAKADACHI_CHECK(planner.look_at(rows.rows[place], place));
  }
  LoadPlan plan = std::move(planner.plan);
  std::stable_sort(plan.findings.begin(), plan.findings.end(),
                   [](const RowFinding& a, const RowFinding& b) { return a.line < b.line; });
  plan.refused = plan.counts.invalid > 0 && !load.skip_invalid;
  if (plan.refused) plan.changes.clear();
  return plan;
}

CopyContent content_of(const Load& load, const LoadRow& row) {
  return {.layout_version = load.layout_version,
          .dataset = load.dataset,
          .validity = load.validity,
          .items = row.items};
}

std::vector<HoldingKey> plan_end(const Load& load, std::size_t invalid_rows,
                                 const CopyShelf& shelf) {
  if (load.sort != LoadSort::kFull || invalid_rows > 0) return {};
  return shelf.keys_below(load.kind, load.dataset);
}

}  // namespace nakadachi::copies
