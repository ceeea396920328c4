#include "nakadachi/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace nakadachi {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "nakadachi: broken assertion: %s at %s:%d\n", what, file, line);
  std::abort();
}

}  // namespace nakadachi
