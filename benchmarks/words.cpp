#include "benchmarks/words.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace weir::bench {

namespace {

template <class Number>
Number parsed(std::string_view name, const std::string& text)
{
    Number value{};
    const char* end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, value);
    if (failed != std::errc{} || at != end)
        throw std::invalid_argument("--" + std::string(name) + ": \"" + text + "\" is no number");
    return value;
}

} // namespace

words::words(int count, char** arguments, std::span<const std::string_view> known)
{
    if (count < 2 || count % 2 != 0)
        throw std::invalid_argument("usage: PROGRAM OPERAND [--NAME VALUE]...");
    operand_ = arguments[1];
    for (int i = 2; i < count; i += 2) {
        const std::string_view name = arguments[i];
        if (!name.starts_with("--") ||
            std::find(known.begin(), known.end(), name.substr(2)) == known.end())
            throw std::invalid_argument(std::string(name) + " is no option");
        named_.emplace_back(name.substr(2), arguments[i + 1]);
    }
}

std::string words::text(std::string_view name, std::string_view otherwise) const
{
    const std::vector<std::string> values = all(name);
    return values.empty() ? std::string(otherwise) : values.back();
}

std::uint64_t words::number(std::string_view name, std::uint64_t otherwise) const
{
    const std::vector<std::string> values = all(name);
    return values.empty() ? otherwise : parsed<std::uint64_t>(name, values.back());
}

double words::seconds(std::string_view name, double otherwise) const
{
    const std::vector<std::string> values = all(name);
    return values.empty() ? otherwise : parsed<double>(name, values.back());
}

std::vector<std::string> words::all(std::string_view name) const
{
    std::vector<std::string> values;
    for (const auto& [one, value] : named_)
        if (one == name)
            values.push_back(value);
    return values;
}

} // namespace weir::bench
