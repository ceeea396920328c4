#include "arena_scope.hpp"

#include <memory>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::wire {
namespace {

// Holds the usual frame; what a larger one needs is freed with the scope.
constexpr std::size_t kFirstBlockBytes = 64 * 1024;

google::protobuf::ArenaOptions options_with(char* block) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = kFirstBlockBytes;
  return options;
}

struct ThreadArena {
  std::unique_ptr<char[]> block = std::make_unique<char[]>(kFirstBlockBytes);
  google::protobuf::Arena arena{options_with(block.get())};
  bool lent = false;
};

ThreadArena& thread_arena() {
  static thread_local ThreadArena arena;
  return arena;
}

}  // namespace

ArenaScope::ArenaScope() : arena_(&thread_arena().arena) {
  NAKADACHI_ASSERT(!thread_arena().lent);
  thread_arena().lent = true;
}

ArenaScope::~ArenaScope() {
  arena_->Reset();
  thread_arena().lent = false;
}

}  // namespace nakadachi::wire
