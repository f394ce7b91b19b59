#include "daemon/commands/top_lines.hpp"

#include "daemon/commands/console_json.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/interruption.hpp"
#include "daemon/console/cells.hpp"

#include <condition_variable>
#include <iostream>
#include <mutex>

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
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any rest;
    while (std::cout) { // else main() says why
        const auto line = look(**console, stop);
        if (stop.stop_requested())
            break;
        if (!line)
            return line.error();
        std::cout << on_a_line(*line) << std::flush;
        rest.wait_for(lock, stop, interval, [] { return false; });
    }
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
