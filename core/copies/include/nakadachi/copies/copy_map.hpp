#pragma once

#include <map>
#include <utility>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/codes.hpp"

namespace nakadachi::copies {

/// 副本: what one institution has registered for automatic answers, by person
/// and kind of information. Used by one thread at a time.
class CopyMap {
 public:
  /// Registers a copy, in the place of a former one.
  void put(const AddressNumber& person, const InformationKind& kind, Bytes content) {
    copies_.insert_or_assign({person, kind}, std::move(content));
  }

  /// Null when none is registered. Valid until the next `put`.
  const Bytes* find(const AddressNumber& person, const InformationKind& kind) const {
    const auto found = copies_.find({person, kind});
    return found == copies_.end() ? nullptr : &found->second;
  }

  std::size_t size() const noexcept { return copies_.size(); }

 private:
  std::map<std::pair<AddressNumber, InformationKind>, Bytes> copies_;
};

}  // namespace nakadachi::copies
