#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "apps/common/demo_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {

/// A demo's pool of two towns, where every question is answered.
inline std::unique_ptr<DemoPool> small_pool(std::int64_t validity_s = 60) {
  auto started = DemoPool::start({.towns = 2,
                                  .persons = 10,
                                  .acquire = false,
                                  .everything_answered = true,
                                  .validity_s = validity_s,
                                  .program_directory = NAKADACHI_BIN_DIR},
                                 [](std::string_view) {});
  INFO((started ? "" : started.error().detail));
  REQUIRE(started.ok());
  return *std::move(started);
}

}  // namespace nakadachi::apps
