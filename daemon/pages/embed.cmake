# cmake -P embed.cmake OUT FILE...: writes what pages.hpp declares. status.html is served at /, and the
# others by their names.
set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_svg "image/svg+xml")

set(rows "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
    set(file "${CMAKE_ARGV${i}}")
    string(REGEX REPLACE ".*\\." "" extension "${file}")
    string(REGEX REPLACE "^status\\.html$" "" path "${file}")
    file(READ "${file}" body)
    string(APPEND rows "    {\"/${path}\", \"${types_${extension}}\", R\"page(${body})page\"},\n")
endforeach()
file(WRITE "${CMAKE_ARGV3}" "#include \"daemon/pages/pages.hpp\"

namespace weir {
namespace {

constexpr page_file all[] = {
${rows}};

} // namespace

std::span<const page_file> page_files() { return all; }

} // namespace weir
")
