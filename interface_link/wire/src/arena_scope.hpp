#pragma once

#include <google/protobuf/arena.h>

namespace nakadachi::wire {

/// Lends this thread's arena and empties it when the scope ends, so that making
/// and dropping messages costs no trip to the allocator. Scopes do not nest.
class ArenaScope {
 public:
  ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  ~ArenaScope();

  /// A message that lives as long as the scope.
  template <class Message>
  Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(arena_);
  }

 private:
  google::protobuf::Arena* arena_;
};

}  // namespace nakadachi::wire
