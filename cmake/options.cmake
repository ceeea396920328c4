# How every target of the project is compiled: language, warnings, sanitizers, linker, ccache.
# Presets set the build type and NAKADACHI_SANITIZE; nothing else differs between them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(NAKADACHI_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined")
option(NAKADACHI_PCH "Precompile heavy third-party headers" ON)
option(NAKADACHI_JOIN "Compile some sources of a library together" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
# Assertions stay on in release: no NDEBUG.
# -Og and line tables compile in half the time of -O1 -g under the sanitizers, whose reports
# need no more; for a debugger that shows variables configure with CXXFLAGS=-g2.
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong")

# Compile and link flags of our own code; generated and third-party code does not link this.
add_library(nakadachi_options INTERFACE)
target_compile_features(nakadachi_options INTERFACE cxx_std_20)
target_compile_definitions(nakadachi_options INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(nakadachi_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Werror
  # Designated initialisers leave the other members at the defaults their type states.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12 calls its own deprecated get_temporary_buffer in std::stable_sort.
  target_compile_options(nakadachi_options INTERFACE -Wno-deprecated-declarations)
else()
  # GCC 12 sees uninitialised members and memcpy out of bounds wherever it inlines the move of
  # a std::variant or std::string; the sanitizers of the debug preset look for real ones.
  target_compile_options(nakadachi_options INTERFACE
    -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-restrict)
endif()
find_package(Threads REQUIRED)
target_link_libraries(nakadachi_options INTERFACE Threads::Threads)

if(NAKADACHI_SANITIZE)
  # Everything, generated code too, or containers of mixed code raise false alarms.
  # Not at every access to a member whether its object is null, which the address sanitizer
  # reports as well, or aligned, which no cast of this tree can break: half of the code.
  add_compile_options(-fsanitize=${NAKADACHI_SANITIZE} -fno-sanitize=null,alignment
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NAKADACHI_SANITIZE})
endif()

# Addresses of functions are looked up at the start and can then be written by nobody.
add_link_options(-Wl,-z,relro,-z,now)

find_program(NAKADACHI_CCACHE ccache)
if(NAKADACHI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for before it caches users of precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${NAKADACHI_CCACHE})
endif()

find_program(NAKADACHI_MOLD mold)
find_program(NAKADACHI_LLD ld.lld)
if(NAKADACHI_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(NAKADACHI_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Precompiled headers: reading headers was a third of the time of a full build. What a source
# includes itself is checked without them, by ./dev check.
function(nakadachi_precompile target)
  if(NAKADACHI_PCH)
    target_precompile_headers(${target} ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -fpch-preprocess)  # lets ccache see through
    endif()
  endif()
endfunction()

# What nearly every source reads: the standard library's heavy headers and fmt. None of our own:
# what ccache keeps of a precompiled header has been seen to lag behind a header of this tree whose
# comments had changed, and g++ then read that one twice.
set(NAKADACHI_COMMON_HEADERS
  <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span>
  <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)

# Compiled once for all rooms, which have the same flags.
function(nakadachi_precompile_common target)
  if(NAKADACHI_PCH AND NOT TARGET nakadachi_common_headers)
    file(CONFIGURE OUTPUT common_headers.cpp CONTENT "" @ONLY)
    add_library(nakadachi_common_headers STATIC ${CMAKE_CURRENT_BINARY_DIR}/common_headers.cpp)
    target_link_libraries(nakadachi_common_headers PRIVATE
      nakadachi_options nakadachi_external_fmt)
    nakadachi_precompile(nakadachi_common_headers PRIVATE ${NAKADACHI_COMMON_HEADERS})
  endif()
  nakadachi_precompile(${target} REUSE_FROM nakadachi_common_headers)
endfunction()

# Some sources are compiled as one: what their headers instantiate is compiled once. Helpers of
# one library or test program therefore have names of their own. What a source includes itself is checked without,
# by ./dev check.
function(nakadachi_join_sources target)
  if(NAKADACHI_JOIN)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  endif()
endfunction()

# A program of these sources and one library. They are compiled as those of libraries are, so
# that they can share the precompiled headers.
function(nakadachi_add_program program library)
  add_library(${program}-objects OBJECT ${ARGN})
  target_link_libraries(${program}-objects PRIVATE ${library})
  nakadachi_precompile_common(${program}-objects)
  nakadachi_join_sources(${program}-objects)
  add_executable(${program})
  target_link_libraries(${program} PRIVATE ${program}-objects ${library})
  nakadachi_link_allocator(${program})
endfunction()
