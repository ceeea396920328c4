# How every target of the project is compiled: language, warnings, sanitizers, linker, ccache.
# Presets set the build type and NAKADACHI_SANITIZE; nothing else differs between them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(NAKADACHI_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined")
option(NAKADACHI_PCH "Precompile heavy third-party headers" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
# Assertions stay on in release: no NDEBUG.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
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
  # GCC 12 sees uninitialised members wherever it inlines the move of a large std::variant;
  # clang's analyser, run by ./dev check, looks for real ones.
  target_compile_options(nakadachi_options INTERFACE -Wno-maybe-uninitialized)
endif()
find_package(Threads REQUIRED)
target_link_libraries(nakadachi_options INTERFACE Threads::Threads)

if(NAKADACHI_SANITIZE)
  # Everything, generated code too, or containers of mixed code raise false alarms.
  add_compile_options(-fsanitize=${NAKADACHI_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NAKADACHI_SANITIZE})
endif()

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

# Adds precompiled third-party headers to a target, where measuring showed that they pay.
function(nakadachi_precompile target)
  if(NAKADACHI_PCH)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -fpch-preprocess)  # lets ccache see through
    endif()
  endif()
endfunction()
