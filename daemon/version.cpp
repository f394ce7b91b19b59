#include "daemon/version.hpp"

namespace weir {

std::string_view version() { return WEIR_VERSION; }

std::string_view compiler()
{
#ifdef __clang__
    constexpr std::string_view text = "clang++ " __clang_version__;
    return text.substr(0, text.find_last_not_of(' ') + 1); // clang's ends with a space
#else
    return "g++ " __VERSION__;
#endif
}

} // namespace weir
