// How this program was linked, which is how all of ours are.

#include <link.h>

#include "tests/support/catch.hpp"

namespace {

TEST_CASE(
    "programs lie where nobody can foresee, and their tables of functions cannot be written") {
  ElfW(Xword) flags = 0;
  for (const ElfW(Dyn)* entry = _DYNAMIC; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_FLAGS_1) flags = entry->d_un.d_val;
  }
  CHECK((flags & DF_1_PIE) != 0);
  CHECK((flags & DF_1_NOW) != 0);
}

}  // namespace
