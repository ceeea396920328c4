#include "tests/support/same_receipt.hpp"

#include "tests/support/catch.hpp"

namespace nakadachi::testing {

void check_same(const records::Receipt& a, const records::Receipt& b) {
  CHECK(a.entry == b.entry);
  CHECK(a.statement == b.statement);
  CHECK(a.salt == b.salt);
  CHECK(a.log_path == b.log_path);
  CHECK(a.witness->head == b.witness->head);
  CHECK(a.witness->head_path.index == b.witness->head_path.index);
  CHECK(a.witness->head_path.nodes == b.witness->head_path.nodes);
  CHECK(a.witness->train == b.witness->train);
  CHECK(a.witness->delegation == b.witness->delegation);
}

}  // namespace nakadachi::testing
