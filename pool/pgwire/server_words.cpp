#include "pool/pgwire/server_words.hpp"

#include <charconv>

namespace weir::pgwire {

namespace {

int number(std::string_view text)
{
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

} // namespace

std::optional<server_words> read_server_words(bytes body)
{
    server_words words;
    field_reader fields{body};
    while (const char code = static_cast<char>(fields.u8())) {
        const std::string_view text = fields.text();
        switch (code) {
        case 'S': // translated; V, which follows, is not, and is what servers since 9.6 send too
        case 'V': words.severity = text; break;
        case 'C': words.what.code = sqlstate::from(text); break;
        case 'M': words.what.message = text; break;
        case 'D': words.what.detail = text; break;
        case 'H': words.what.hint = text; break;
        case 'P': words.what.position = number(text); break;
        }
    }
    if (!fields.at_end())
        return std::nullopt;
    return words;
}

} // namespace weir::pgwire
