# proto/nakadachi/v1/*.proto → the library nakadachi_proto (external "proto" in rooms.json).
# Generated code does not meet our warnings, so it links no nakadachi_options.

file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/nakadachi/v1/*.proto)
if(NOT protos)
  add_library(nakadachi_external_proto INTERFACE)
  return()
endif()

find_program(NAKADACHI_PROTOC protoc REQUIRED)
nakadachi_pkg_external(protobuf protobuf)

set(out ${PROJECT_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${out})
set(generated)
foreach(proto IN LISTS protos)
  get_filename_component(stem ${proto} NAME_WE)
  set(base ${out}/nakadachi/v1/${stem}.pb)
  # A changed message can change what every importing file generates.
  add_custom_command(
    OUTPUT ${base}.cc ${base}.h
    COMMAND ${NAKADACHI_PROTOC} --proto_path=${PROJECT_SOURCE_DIR}/proto --cpp_out=${out} ${proto}
    DEPENDS ${protos}
    COMMENT "protoc ${stem}.proto"
    VERBATIM)
  list(APPEND generated ${base}.cc ${base}.h)
endforeach()

add_custom_target(nakadachi_generated_proto DEPENDS ${generated})
add_dependencies(nakadachi_generated nakadachi_generated_proto)
add_library(nakadachi_proto STATIC ${generated})
target_compile_options(nakadachi_proto PRIVATE -w)
target_include_directories(nakadachi_proto SYSTEM PUBLIC ${out})
target_link_libraries(nakadachi_proto PUBLIC nakadachi_external_protobuf)
add_library(nakadachi_external_proto ALIAS nakadachi_proto)
