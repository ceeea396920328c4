# Run by nakadachi_embed at build time: writes ${OUT}/${NAME}.cpp and its header from the files
# listed in ${OUT}/files.txt. Contents become arrays of characters, because compilers need
# not take string literals above 64 KB.

file(STRINGS ${OUT}/files.txt files ENCODING UTF-8)
set(arrays "")
set(rows "")
set(number 0)
foreach(path IN LISTS files)
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" hex_length)
  math(EXPR size "${hex_length} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  get_filename_component(file_name ${path} NAME)
  # The last byte is a NUL that no view covers: an empty file still has an array.
  string(APPEND arrays "constexpr char kContent${number}[] = {${bytes}'\\0'};\n")
  string(APPEND rows "    {\"${file_name}\", {kContent${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()

set(namespace_open "namespace ${NAMESPACE} {")
set(namespace_close "}  // namespace ${NAMESPACE}")
file(WRITE ${OUT}/nakadachi_embedded/${NAME}.hpp "#pragma once

#include <span>
#include <string_view>

#ifndef NAKADACHI_EMBEDDED_FILE
#define NAKADACHI_EMBEDDED_FILE
namespace nakadachi {
/// A file that was compiled into the program.
struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};
}  // namespace nakadachi
#endif

${namespace_open}
/// The embedded files, sorted by name.
std::span<const nakadachi::EmbeddedFile> ${NAME}();
${namespace_close}
")
file(WRITE ${OUT}/${NAME}.cpp "#include \"nakadachi_embedded/${NAME}.hpp\"

#include <array>

namespace {
${arrays}
constexpr std::array<nakadachi::EmbeddedFile, ${number}> kFiles{{
${rows}}};
}  // namespace

${namespace_open}
std::span<const nakadachi::EmbeddedFile> ${NAME}() { return kFiles; }
${namespace_close}
")
