#include "daemon/banner.hpp"

#include "daemon/connection_string.hpp"
#include "daemon/version.hpp"

namespace weir {

std::string
banner(const settings& all, const std::string& sockets, std::string_view metrics_address)
{
    std::string text = "weir " + std::string{version()} + " serves\n";
    const auto line = [&text](std::string_view what, const std::string& value) {
        text += "  ";
        text += what;
        text.append(10 - what.size(), ' ');
        text += value;
        text += '\n';
    };
    for (const backend_settings& backend : all.backends)
        line("backend", backend.name + "  " + masked(backend.url));
    line("socket", sockets);
    line("metrics",
         metrics_address.empty() ? "off" : "http://" + std::string{metrics_address} + "/metrics");
    line("connect", connection_string("libpq", all.listen, all.backends.front().name));
    line("", "(for other drivers: weir url --driver NAME)");
    return text;
}

} // namespace weir
