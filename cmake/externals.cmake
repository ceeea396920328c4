# Third-party libraries under one naming scheme: `nakadachi_external_<name>` for every name
# in rooms.json's "externals". Their headers are SYSTEM headers: our warnings stop there.

include(FindPkgConfig)

# An external found with pkg-config; the first module that exists wins.
function(nakadachi_pkg_external name)
  pkg_search_module(NAKADACHI_${name} QUIET IMPORTED_TARGET GLOBAL ${ARGN})
  if(NOT NAKADACHI_${name}_FOUND)
    message(FATAL_ERROR "Library not found: ${ARGN}. `./dev setup` installs what is needed.")
  endif()
  add_library(nakadachi_external_${name} INTERFACE)
  target_link_libraries(nakadachi_external_${name} INTERFACE PkgConfig::NAKADACHI_${name})
endfunction()

# An external found with its own CMake files.
function(nakadachi_cmake_external name package target)
  find_package(${package} QUIET)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "Library not found: ${package}. `./dev setup` installs what is needed.")
  endif()
  add_library(nakadachi_external_${name} INTERFACE)
  target_link_libraries(nakadachi_external_${name} INTERFACE ${target})
endfunction()

nakadachi_cmake_external(fmt fmt fmt::fmt)
nakadachi_cmake_external(spdlog spdlog spdlog::spdlog)
nakadachi_cmake_external(cli11 CLI11 CLI11::CLI11)
nakadachi_cmake_external(tomlplusplus tomlplusplus tomlplusplus::tomlplusplus)
nakadachi_cmake_external(nlohmann_json nlohmann_json nlohmann_json::nlohmann_json)
nakadachi_pkg_external(botan botan-3 botan-2)
nakadachi_pkg_external(pqxx libpqxx)
target_link_libraries(nakadachi_external_pqxx INTERFACE pq)
nakadachi_pkg_external(zmq libzmq)
nakadachi_pkg_external(seccomp libseccomp)

# Not of a room, but of programs alone: whoever embeds the library chooses the allocator himself.
# Never with a sanitizer, which has its own. Replaces malloc, of which no symbol is named: kept
# although nothing seems to need it.
function(nakadachi_link_allocator program)
  if(NOT NAKADACHI_SANITIZE)
    target_link_libraries(${program} PRIVATE
      -Wl,--push-state,--no-as-needed nakadachi_external_tcmalloc -Wl,--pop-state)
  endif()
endfunction()
nakadachi_pkg_external(tcmalloc libtcmalloc_minimal)
