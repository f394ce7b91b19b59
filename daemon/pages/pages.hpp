// The files of the status page, as they lie beside this header; the build puts them in the program.
#pragma once

#include <span>
#include <string_view>

namespace weir {

struct page_file {
    std::string_view path; // "/status.css"
    std::string_view content_type;
    std::string_view body;
};

std::span<const page_file> page_files();

} // namespace weir
