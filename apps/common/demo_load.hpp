#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "apps/common/demo_residents.hpp"
#include "nakadachi/copies/validation.hpp"

namespace nakadachi::apps {

/// What a check of a load's rows found, before anything of it is sent.
struct DemoLoadCheck {
  std::uint64_t rows = 0;
  std::uint64_t wrong_rows = 0;
  std::map<copies::Fault, std::uint64_t> faults;  ///< how often which rule was broken
};

/// Writes the CSV of a load of copies as a business system would, of `most` residents at most,
/// with mistakes in some rows, and checks it as `copy load` does. The same for the same residents.
/// Errors: those of `copies::read_load_csv`.
Result<DemoLoadCheck> check_demo_load(const DemoResidents& residents,
                                      const copies::LayoutBook& layouts, std::size_t most);

}  // namespace nakadachi::apps
