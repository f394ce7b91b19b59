#include "daemon/commands/top_lines.hpp"

#include "daemon/commands/console_json.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/interruption.hpp"
#include "daemon/console/cells.hpp"
#include "daemon/migrations/rest.hpp"

#include <iostream>

namespace weir::commands {
namespace {

result<json> look(direct_connection& console, const std::stop_token& stop)
{
    json line{{"time", console::utc(std::chrono::system_clock::now(), "Z")}};
    const auto status = status_of(console, stop);
    if (!status)
        return status.error();
    const auto holders = holders_of(console, stop);
    if (!holders)
        return holders.error();
    line.update(*status);
    line.update(*holders);
    return line;
}

result<void> write_lines(const settings_options& from, std::chrono::milliseconds interval)
{
    const interruption asked;
    const std::stop_token stop = asked.token();
    const auto console = demand_console(from, "weir top", stop);
    if (!console)
        return console.error();
    do {
        const auto line = look(**console, stop);
        if (stop.stop_requested())
            break;
        if (!line)
            return line.error();
        std::cout << on_a_line(*line) << std::flush;
    } while (std::cout && migrations::rest(interval, stop)); // of a failed write main() speaks
    return {};
}

} // namespace

int write_top_lines(const settings_options& from, std::chrono::milliseconds interval)
{
    const auto written = write_lines(from, interval);
    if (!written)
        std::cout << on_a_line(document_of(written.error()));
    return written ? 0 : 1;
}

} // namespace weir::commands
