#include "daemon/log_options.hpp"

namespace weir {

log::options log_options(const log_settings& wanted)
{
    const auto least = [&] {
        switch (wanted.level) {
        case log_level::debug: return log::level::debug;
        case log_level::info: return log::level::info;
        case log_level::warning: return log::level::warning;
        case log_level::error: break;
        }
        return log::level::error;
    };
    return {wanted.format == log_format::json ? log::format::json : log::format::text, least()};
}

} // namespace weir
