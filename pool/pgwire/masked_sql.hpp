// SQL for people to read, without what may be confidential in it.
#pragma once

#include <string>
#include <string_view>

namespace weir::pgwire {

// Literals and numbers become ?, comments and line breaks a blank. What cannot be read for certain,
// as where a text was cut off in a literal, becomes one ? up to its end.
std::string masked_literals(std::string_view sql);

} // namespace weir::pgwire
