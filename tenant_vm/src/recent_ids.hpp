#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "nakadachi/base/ids.hpp"

namespace nakadachi::tenant_vm {

/// Remembers the settled exchanges of one partition whose ids are recent, so
/// that a replay is known without asking the store. Complete for ids from
/// `complete_from()` on; older ones must be looked up.
class RecentIds {
 public:
  /// What is remembered of an id: the first 8 bytes of its content hash, or 0
  /// when it is not known (recovered rows are not opened to learn it).
  using Fingerprint = std::uint64_t;

  static Fingerprint fingerprint_of(const Digest& content_hash) noexcept {
    Fingerprint value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | content_hash.view()[i];
    return value;
  }

  void remember(const ExchangeId& id, Fingerprint fingerprint) {
    if (bucket_of(id) < complete_from_) return;
    if (ids_.insert_or_assign(id, fingerprint).second) by_bucket_[bucket_of(id)].push_back(id);
  }

  /// Null when the id is not remembered.
  const Fingerprint* find(const ExchangeId& id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : &found->second;
  }

  std::uint32_t complete_from() const noexcept { return complete_from_; }

  /// Forgets ids of buckets before `bucket`.
  void forget_before(std::uint32_t bucket) {
    if (bucket <= complete_from_) return;
    complete_from_ = bucket;
    while (!by_bucket_.empty() && by_bucket_.begin()->first < bucket) {
      for (const ExchangeId& id : by_bucket_.begin()->second) ids_.erase(id);
      by_bucket_.erase(by_bucket_.begin());
    }
  }

 private:
  std::uint32_t complete_from_ = 0;
  std::unordered_map<ExchangeId, Fingerprint> ids_;
  std::map<std::uint32_t, std::vector<ExchangeId>> by_bucket_;
};

}  // namespace nakadachi::tenant_vm
