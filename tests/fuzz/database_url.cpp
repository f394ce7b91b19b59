// Any text is a URL or a complaint; what was understood prints without its password, and what is
// printed can be read again.
#include "config/database_url.hpp"

#include "tests/fuzz/target.hpp"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto url = parse_database_url(text);
    if (!url)
        return 0;
    const std::string shown = masked(*url);
    const auto again = parse_database_url(shown);
    promise(again.has_value());
    promise(masked(*again) == shown);
    promise(again->hosts == url->hosts && again->database == url->database &&
            again->user == url->user);
    promise(default_name(*again) == default_name(*url));
    if (url->kind == database_kind::postgresql)
        promise(libpq_parameters(*again).size() == libpq_parameters(*url).size());
    return 0;
}
