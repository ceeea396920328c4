#pragma once

/// Catch2 for every test, version 2 (Debian 12) or 3 (Debian 13), under one set of names.
///
/// Tests write `ContainsSubstring` and `WithinAbs` from `Catch::Matchers`; `Contains` and
/// `Approx` mean different things in the two versions and are not used.

#if __has_include(<catch2/catch_test_macros.hpp>)

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_adapters.hpp>
#include <catch2/generators/catch_generators_random.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#else

#include <catch2/catch.hpp>
#include <utility>

namespace Catch::Matchers {
/// Version 3's name of version 2's `Contains` for strings.
template <class... Arguments>
auto ContainsSubstring(  // NOLINT(readability-identifier-naming): version 3's spelling
    Arguments&&... arguments) {
  return Contains(std::forward<Arguments>(arguments)...);
}
}  // namespace Catch::Matchers

#endif
