# apps/<folder>/*.cpp → a program in bin/; apps/common/*.cpp → a library all programs share.

set(app_names "nakadachi=nakadachi" "national=nakadachi-national")

file(GLOB common CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/common/*.cpp)
add_library(nakadachi_apps_base INTERFACE)
target_include_directories(nakadachi_apps_base INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(nakadachi_apps_base INTERFACE nakadachi_options ${NAKADACHI_ROOM_TARGETS})
nakadachi_link_externals(nakadachi_apps_base apps INTERFACE)
if(common)
  add_library(nakadachi_apps_common STATIC ${common})
  target_link_libraries(nakadachi_apps_common PUBLIC nakadachi_apps_base)
  nakadachi_precompile_common(nakadachi_apps_common)
  nakadachi_join_sources(nakadachi_apps_common)
else()
  add_library(nakadachi_apps_common ALIAS nakadachi_apps_base)
endif()

foreach(pair IN LISTS app_names)
  string(REGEX MATCH "^(.+)=(.+)$" matched ${pair})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/${CMAKE_MATCH_1}/*.cpp)
  nakadachi_add_program(${CMAKE_MATCH_2} nakadachi_apps_common ${sources})
endforeach()
