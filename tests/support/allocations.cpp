#include "tests/support/allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local std::uint64_t count = 0;

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// A sanitizer keeps its own operators, which tell new from malloc; it has a hook instead
// (sanitizer/allocator_interface.h, a header not every compiler package brings).
extern "C" int __sanitizer_install_malloc_and_free_hooks(  // NOLINT(*-reserved-identifier)
    void (*on_malloc)(const volatile void*, std::size_t), void (*on_free)(const volatile void*));

namespace {

void on_malloc(const volatile void*, std::size_t) { ++count; }
void on_free(const volatile void*) {}

}  // namespace

namespace nakadachi::testing {

std::uint64_t allocations_of_this_thread() noexcept {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  return installed != 0 ? count : 0;
}

}  // namespace nakadachi::testing

#else

void* operator new(std::size_t size) {
  ++count;
  void* const memory = std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nakadachi::testing {

std::uint64_t allocations_of_this_thread() noexcept { return count; }

}  // namespace nakadachi::testing

#endif
