#include "daemon/handover/introduction.hpp"

#include <algorithm>
#include <charconv>

namespace weir {

namespace {

constexpr std::string_view pages_word = "pages ";
constexpr std::string_view servers_word = "servers";
constexpr std::string_view no_word = "no ";

// So that all fit into one message. Those beyond would count among others' connections.
constexpr std::size_t most_servers = 4'000;

bool is_any(const ip_endpoint& e) { return e.address == "0.0.0.0" || e.address == "::"; }

// Takes a space and a number off the front; false: there is none.
template <class Number>
bool take_number(std::string_view& text, Number& out)
{
    if (!text.starts_with(' '))
        return false;
    const char* const begin = text.data() + 1;
    const auto read = std::from_chars(begin, text.data() + text.size(), out);
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return read.ec == std::errc{};
}

std::optional<ip_endpoint> read_endpoint(std::string_view text)
{
    ip_endpoint out{std::string(text.substr(0, text.find(' ')))};
    text.remove_prefix(out.address.size());
    if (!take_number(text, out.port) || !text.empty())
        return std::nullopt;
    return out;
}

} // namespace

std::string to_text(const introduction& what)
{
    std::string text;
    if (what.pages) {
        text.append(pages_word).append(what.pages->address).append(" ");
        text.append(std::to_string(what.pages->port)).append("\n");
    }
    text.append(servers_word);
    for (std::size_t i = 0; i < std::min(what.servers.size(), most_servers); ++i)
        text.append(" ").append(std::to_string(what.servers[i]));
    return text;
}

std::string refusal_text(const error& why)
{
    return std::string(no_word) + why.message + "\n" + why.hint;
}

bool is_refusal(std::string_view text) { return text.starts_with(no_word); }

result<introduction> read_introduction(std::string_view text)
{
    const error unknown{"08P01", "the running weir has introduced itself in words unknown here"};
    if (is_refusal(text)) {
        text.remove_prefix(no_word.size());
        const std::size_t end = std::min(text.find('\n'), text.size());
        error why{"55006", "the running weir lets nobody take over: "};
        why.message.append(text.substr(0, end));
        why.hint = text.substr(std::min(end + 1, text.size()));
        return why;
    }
    introduction out;
    if (text.starts_with(pages_word)) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos)
            return unknown;
        out.pages = read_endpoint(text.substr(pages_word.size(), end - pages_word.size()));
        if (!out.pages)
            return unknown;
        text.remove_prefix(end + 1);
    }
    if (!text.starts_with(servers_word))
        return unknown;
    text.remove_prefix(servers_word.size());
    while (!text.empty())
        if (!take_number(text, out.servers.emplace_back()))
            return unknown;
    return out;
}

bool is_in_the_way(const ip_endpoint& one, const ip_endpoint& other)
{
    return one.port == other.port && (one.address == other.address || is_any(one) || is_any(other));
}

} // namespace weir
