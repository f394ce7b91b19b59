#include "daemon/migrations/failure.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace weir::migrations {

namespace {

// The line on which character number `position` (from 1) stands; positions count characters.
unsigned line_of(const statement& s, int position)
{
    unsigned line = s.line;
    for (std::size_t i = 0; i < s.text.size() && position > 1; ++i) {
        line += s.text[i] == '\n' ? 1 : 0;
        const bool ends_character =
            i + 1 == s.text.size() || (static_cast<unsigned char>(s.text[i + 1]) & 0xc0) != 0x80;
        position -= ends_character ? 1 : 0;
    }
    return line;
}

std::string shortened(std::string_view sql)
{
    constexpr std::size_t limit = 200;
    constexpr std::string_view blanks = " \t\r\n\f\v";
    std::string text;
    for (std::size_t at = 0; (at = sql.find_first_not_of(blanks, at)) != sql.npos;) {
        const std::size_t end = std::min(sql.find_first_of(blanks, at), sql.size());
        text += text.empty() ? "" : " ";
        text += sql.substr(at, end - at);
        at = end;
        if (text.size() <= limit)
            continue;
        std::size_t cut = limit; // never inside a character
        while ((static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80)
            --cut;
        return text.substr(0, cut) + " ...";
    }
    return text;
}

std::string_view advice(const error& said, direction way)
{
    const std::string_view code = said.code.text();
    constexpr std::array already_exists{"42P06", "42P07", "42701", "42710", "42723"};
    if (way == direction::upgrade &&
        std::ranges::find(already_exists, code) != already_exists.end())
        return "If the database has had this revision by other means, note it with `weir migrate "
               "stamp`, which runs nothing.";
    if (code == "25001")
        return "A line `-- no transaction` in the revision's header has it run outside a "
               "transaction.";
    if (code == "55P03")
        return "Another session held a lock for longer than migrations.lock_timeout; the revision "
               "gave way to it. Try again when there is less to do.";
    if (code == "57014" && said.message.find("statement timeout") != std::string::npos)
        return "migrations.statement_timeout is the limit of one statement.";
    return "";
}

void append(std::string& text, std::string_view more, std::string_view separator)
{
    if (!text.empty() && !more.empty())
        text += separator;
    text += more;
}

} // namespace

bool may_pass(const error& what)
{
    constexpr std::array
        passing{"40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03", "57P05"};
    const std::string_view code = what.code.text();
    // libpq's own words about a certificate have the code of a server that is not there.
    if (what.message.find("certificate") != std::string::npos)
        return false;
    return (code.starts_with("08") && code != "08P01") ||
           std::ranges::find(passing, code) != passing.end();
}

failure as_failure(error what, std::string revision)
{
    const bool passes = may_pass(what);
    return {std::move(what), std::move(revision), passes};
}

error in_statement(const error& said, const statement& of, const std::string& file, direction way)
{
    error what = said;
    what.message = file + ':' + std::to_string(line_of(of, said.position)) + ": " + said.message;
    what.detail = "Statement: " + shortened(of.text);
    append(what.detail, said.detail, "\n");
    append(what.hint, advice(said, way), "\n");
    what.position = 0;
    return what;
}

} // namespace weir::migrations
