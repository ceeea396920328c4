#include "nakadachi/base/secret.hpp"

#include <cstring>

namespace nakadachi {

void wipe(void* data, std::size_t size) noexcept {
  if (size > 0) explicit_bzero(data, size);
}

}  // namespace nakadachi
