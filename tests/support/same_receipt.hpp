#pragma once

#include "nakadachi/records/receipt.hpp"

namespace nakadachi::testing {

/// Fails the running test where the receipts differ, each part by its name. Both have a witness.
void check_same(const records::Receipt& a, const records::Receipt& b);

}  // namespace nakadachi::testing
