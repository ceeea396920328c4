#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "apps/common/demo_pool.hpp"

namespace nakadachi::apps {

/// How often each thing came about, by its name in the report.
using StaffCounts = std::map<std::string, std::uint64_t>;

/// A morning's work at the admin door, for the last town's education board, about persons whom
/// nobody asks about: persons issued, found and merged, symbols asked for, a differential and
/// a full load with a copy that is refused, flags with kind and period, an answer mode. It
/// leaves one person more in the town and all else as it was.
/// Errors: those of the door; `kInternal` with a name in the detail when an answer is not as it
/// has to be.
Result<StaffCounts> staff_morning(const DemoPool& pool);

}  // namespace nakadachi::apps
