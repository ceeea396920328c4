#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <google/protobuf/repeated_field.h>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/ids.hpp"

namespace nakadachi::wire {

/// The list of parts that items of one frame share (batch headers, delegations):
/// each stands in the frame once, found again by pointer, then by content.
/// `Put` fills the generated message. Parts have a `signature`.
template <class Part, class Message, class Put>
class SharedParts {
 public:
  /// Place of `part` in `list`, at the end of which it is written when it is new.
  /// When the caller takes the new element back, it also drops this object.
  std::uint32_t index_of(const std::shared_ptr<const Part>& part,
                         google::protobuf::RepeatedPtrField<Message>& list) {
    NAKADACHI_ASSERT(part != nullptr);
    if (part.get() == last_) return last_index_;
    const auto [known, is_new] = by_pointer_.try_emplace(part.get(), 0);
    if (is_new) known->second = index_by_content(*part, list);
    last_ = part.get();
    last_index_ = known->second;
    return last_index_;
  }

 private:
  std::uint32_t index_by_content(const Part& part,
                                 google::protobuf::RepeatedPtrField<Message>& list) {
    const auto [first, last] = by_signature_.equal_range(part.signature);
    for (auto it = first; it != last; ++it) {
      if (*parts_[it->second] == part) return it->second;
    }
    const auto index = static_cast<std::uint32_t>(parts_.size());
    parts_.push_back(&part);
    by_signature_.emplace(part.signature, index);
    Put{}(part, *list.Add());
    return index;
  }

  const Part* last_ = nullptr;
  std::uint32_t last_index_ = 0;
  std::vector<const Part*> parts_;
  std::unordered_map<const Part*, std::uint32_t> by_pointer_;
  std::unordered_multimap<Signature, std::uint32_t> by_signature_;
};

}  // namespace nakadachi::wire
