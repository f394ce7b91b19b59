#include "daemon/migrations/version_table.hpp"

namespace weir::migrations {
namespace {

std::string in_schema(const std::string& schema, std::string_view name)
{
    return schema.empty() ? quoted_name(name) : quoted_name(schema) + '.' + quoted_name(name);
}

std::string doubled(std::string_view text, char quote)
{
    std::string out(1, quote);
    for (const char c : text)
        out.append(c == quote ? 2 : 1, c);
    return out += quote;
}

} // namespace

std::string version_table::qualified() const { return in_schema(schema, name); }
std::string version_table::notes_qualified() const { return in_schema(schema, "weir_migrations"); }

std::string quoted_name(std::string_view name) { return doubled(name, '"'); }

// A backslash means itself only while standard_conforming_strings is on; in E'' it is always two.
std::string quoted_literal(std::string_view text)
{
    if (text.find('\\') == std::string_view::npos)
        return doubled(text, '\'');
    std::string slashed;
    for (const char c : text)
        slashed.append(c == '\\' ? 2 : 1, c);
    return 'E' + doubled(slashed, '\'');
}

} // namespace weir::migrations
