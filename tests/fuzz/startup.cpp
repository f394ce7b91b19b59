// The first packets of a connection: a part of one is never judged otherwise than the whole, and
// what was read lies inside it. The options of those that are startup messages are read as well.
#include "pool/pgwire/startup.hpp"

#include "pool/pgwire/session_settings.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace weir::pgwire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes in = std::as_bytes(std::span{data, size});
    startup_packet packet;
    const scan_status status = parse_startup(in, packet);
    for (std::size_t cut = 0; cut < in.size(); ++cut) {
        startup_packet part;
        const scan_status of_part = parse_startup(in.first(cut), part);
        promise(of_part == scan_status::need_more || of_part == status);
        promise(of_part != scan_status::frame || part.size == packet.size);
    }
    if (status != scan_status::frame)
        return 0;
    promise(packet.size >= 8 && packet.size <= std::min<std::size_t>(size, startup_limit));
    if (packet.kind != startup_kind::startup)
        return 0;
    promise(packet.version >> 16 == 3);
    for (const auto& [name, value] : packet.parameters) {
        const auto* const begin = reinterpret_cast<const char*>(data);
        promise(!name.empty() && name.data() > begin &&
                value.data() + value.size() < begin + packet.size);
    }
    const auto settings = startup_settings(packet.parameters);
    if (!settings)
        return 0;
    promise(replay(*settings, *settings).empty());
    const std::string sql = replay({}, *settings);
    promise(sql.empty() == settings->empty());
    promise(std::count(sql.begin(), sql.end(), '\'') % 2 == 0); // every literal is closed
    return 0;
}
