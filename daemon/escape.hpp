// How text from strangers gets onto a line of the log or into JSON: nothing in it can end the line,
// move a terminal's cursor or break a parser.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// As a JSON string, with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// As it is, except that control characters are escaped as in JSON.
void append_printable(std::string& out, std::string_view text);

} // namespace weir
