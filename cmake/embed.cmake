# nakadachi_embed(TARGET <t> DIR <dir> GLOB <pattern>... SYMBOL <ns::name>)
#
# Compiles the files of a folder into <t>. <t> and who links it PRIVATE can then write
#   #include "nakadachi_embedded/<name>.hpp"
#   for (const nakadachi::EmbeddedFile& file : <ns::name>()) … file.name, file.content
# The table is sorted by file name. Makes <t> a static library when it does not exist yet;
# the header is visible to users of <t> only in that case.

function(nakadachi_embed)
  cmake_parse_arguments(arg "" "TARGET;DIR;SYMBOL" "GLOB" ${ARGN})
  string(REGEX MATCH "^(.+)::([a-z_0-9]+)$" matched "${arg_SYMBOL}")
  set(namespace ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  if(NOT matched OR arg_UNPARSED_ARGUMENTS OR NOT arg_GLOB)
    message(FATAL_ERROR "nakadachi_embed: bad arguments: ${ARGN}")
  endif()

  list(TRANSFORM arg_GLOB PREPEND ${arg_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${arg_GLOB})
  list(SORT files)
  set(out ${PROJECT_BINARY_DIR}/embedded/${name})
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  # The list stands in a file of its own, so that a removed file regenerates the table too.
  list(JOIN files "\n" lines)
  file(CONFIGURE OUTPUT ${out}/files.txt CONTENT "${lines}\n" @ONLY)
  add_custom_command(
    OUTPUT ${out}/${name}.cpp ${out}/nakadachi_embedded/${name}.hpp
    COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D NAME=${name} -D NAMESPACE=${namespace} -P ${script}
    DEPENDS ${files} ${out}/files.txt ${script}
    COMMENT "Embedding ${name}"
    VERBATIM)

  set(include_scope PRIVATE)
  set(type STATIC_LIBRARY)
  if(TARGET ${arg_TARGET})
    get_target_property(type ${arg_TARGET} TYPE)
  endif()
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()  # a room that has no sources yet, so nobody who could read the table
  endif()
  if(NOT TARGET ${arg_TARGET})
    add_library(${arg_TARGET} STATIC)
    target_link_libraries(${arg_TARGET} PRIVATE nakadachi_options)
    set(include_scope PUBLIC)
  endif()
  set(header ${out}/nakadachi_embedded/${name}.hpp)
  add_custom_target(nakadachi_generated_${name} DEPENDS ${out}/${name}.cpp ${header})
  add_dependencies(nakadachi_generated nakadachi_generated_${name})
  target_sources(${arg_TARGET} PRIVATE ${out}/${name}.cpp ${header})
  target_include_directories(${arg_TARGET} ${include_scope} ${out})
endfunction()
