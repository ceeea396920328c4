#include "nakadachi/copies/load.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::copies {
namespace {

Finding person_twice() {
  return {.name = std::string(kPersonColumn), .fault = Fault::kPersonTwice};
}

}  // namespace

CopyContent content_of(const Load& load, const LoadRow& row) {
  return {.layout_version = load.layout_version,
          .dataset = load.dataset,
          .validity = load.validity,
          .items = row.items};
}

std::vector<RowFinding> check_rows(const Load& load, const LoadRows& rows, const Layout& layout) {
  std::vector<RowFinding> found = rows.findings;
  std::set<AddressNumber> persons;
  for (const LoadRow& row : rows.rows) {
    std::vector<Finding> findings;
    if (!row.removal) findings = validate(content_of(load, row), layout);
    if (!persons.insert(row.person).second) findings.push_back(person_twice());
    for (Finding& finding : findings) found.push_back({row.line, std::move(finding)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const RowFinding& a, const RowFinding& b) { return a.line < b.line; });
  return found;
}

std::vector<RowFinding> check_persons(std::span<const LoadRow> rows,
                                      std::span<const AddressNumber> current) {
  NAKADACHI_ASSERT(rows.size() == current.size());
  std::vector<RowFinding> found;
  std::set<AddressNumber> persons;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!persons.insert(current[i]).second) found.push_back({rows[i].line, person_twice()});
  }
  return found;
}

std::vector<Finding> check_copy(const InformationKind& kind, const CopyContent& content,
                                const LayoutBook& book, Day day) {
  const auto of_whole = [](Fault fault) {
    return std::vector<Finding>{{.item = 0, .name = "", .fault = fault}};
  };
  const auto is_of_kind = [&](const Layout& layout) { return layout.kind == kind; };
  if (std::ranges::none_of(book.layouts(), is_of_kind)) return of_whole(Fault::kUnknownKind);
  const Layout* const layout = book.find(kind, content.layout_version);
  if (layout == nullptr || !layout->in_force.holds(day)) {
    return of_whole(Fault::kLayoutNotInForce);
  }
  return validate(content, *layout);
}

Result<Effect> effect_of(const StoredCopy& copy, const HoldingKey& key, const CopyShelf& shelf,
                         crypto::TenantCipher& cipher) {
  const auto registered = shelf.dataset_of(key);
  if (!registered) return Effect::kRegistered;
  if (*registered > copy.content.dataset) return Effect::kSuperseded;
  if (*registered < copy.content.dataset) return Effect::kReplaced;
  NAKADACHI_TRY(const auto former, shelf.find(cipher, copy.person, copy.kind));
  return former == copy.content ? Effect::kUnchanged : Effect::kReplaced;
}

Effect effect_of_removal(const HoldingKey& key, std::uint64_t dataset, const CopyShelf& shelf) {
  const auto registered = shelf.dataset_of(key);
  if (!registered) return Effect::kUnchanged;
  return *registered > dataset ? Effect::kSuperseded : Effect::kDeleted;
}

Result<std::vector<HoldingKey>> plan_end(const InformationKind& kind, std::uint64_t dataset,
                                         std::uint64_t copies, const CopyShelf& shelf) {
  std::uint64_t brought = 0;
  for (const auto& [what, count] : shelf.counts()) {
    if (what.first != kind || what.second < dataset) continue;
    if (what.second > dataset) return Error{.code = ErrorCode::kRowConflict, .field = "dataset"};
    brought = count;
  }
  if (brought != copies) return Error{.code = ErrorCode::kRowConflict, .field = "copies"};
  return shelf.keys_below(kind, dataset);
}

}  // namespace nakadachi::copies
