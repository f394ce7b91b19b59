#include "daemon/connection_string.hpp"

#include <filesystem>

namespace weir {
namespace {

// RFC 3986: what is neither unreserved nor in `also` is encoded.
std::string percent_encoded(std::string_view text, std::string_view also)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') ||
            std::string_view{"-._~"}.find(c) != std::string_view::npos ||
            also.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 0xf];
        }
    }
    return out;
}

} // namespace

std::string
connection_string(std::string_view driver, const listen_settings& at, std::string_view database)
{
    constexpr std::string_view sqlalchemy = "sqlalchemy";
    const bool for_sqlalchemy = driver.starts_with(sqlalchemy);
    std::string url = "postgresql";
    if (for_sqlalchemy)
        url += driver.substr(sqlalchemy.size()); // "+psycopg"
    url += ":///";
    url += for_sqlalchemy ? std::string{database} // it decodes all parts but this one
                          : percent_encoded(database, "");

    // A worker has another working directory, and libpq takes a host for a directory only when it
    // starts with a slash.
    const std::filesystem::path directory =
        std::filesystem::absolute(at.socket_dir).lexically_normal();
    url += "?host=" + percent_encoded(directory.string(), "/");
    if (at.port != 5432)
        url += "&port=" + std::to_string(at.port);
    return url;
}

} // namespace weir
