#include "pool/sqlite/table_text.hpp"

#include <algorithm>

namespace weir::sqlite {

namespace {

std::string_view trim(std::string_view text)
{
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

// Past a quoted word or a comment that starts at `at`, or past one character.
std::size_t next_token(std::string_view text, std::size_t at)
{
    const auto past = [&](std::string_view end, std::size_t from) {
        const std::size_t found = text.find(end, from);
        return found == std::string_view::npos ? text.size() : found + end.size();
    };
    switch (text[at]) {
    case '\'':
    case '"':
    case '`': return past(text.substr(at, 1), at + 1); // a doubled quote opens the next word
    case '[': return past("]", at + 1);
    case '-': return text.substr(at, 2) == "--" ? past("\n", at) : at + 1;
    case '/': return text.substr(at, 2) == "/*" ? past("*/", at + 2) : at + 1;
    default: return at + 1;
    }
}

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// Takes one name, quoted or not, from the front; in lower case, as SQLite compares it.
std::string take_name(std::string_view& text)
{
    text = trim(text);
    while (text.starts_with("--") || text.starts_with("/*"))
        text = trim(text.substr(next_token(text, 0)));
    if (text.empty())
        return {};
    const char open = text.front();
    if (open != '"' && open != '`' && open != '[') {
        const std::size_t end = std::min(text.find_first_of(" \t\r\n(),"), text.size());
        const std::string name = lower(text.substr(0, end));
        text.remove_prefix(end);
        return name;
    }
    const char close = open == '[' ? ']' : open;
    std::string name;
    std::size_t at = 1;
    for (; at < text.size(); ++at) {
        if (text[at] == close && (at + 1 >= text.size() || text[at + 1] != close || close == ']'))
            break;
        if (text[at] == close)
            ++at; // a doubled quote is one
        name.push_back(text[at]);
    }
    text.remove_prefix(std::min(at + 1, text.size()));
    return lower(name);
}

} // namespace

table_text::table_text(std::string_view create_table)
{
    std::size_t at = 0;
    while (at < create_table.size() && create_table[at] != '(')
        at = next_token(create_table, at);
    head_ = create_table.substr(0, std::min(at + 1, create_table.size()));
    std::size_t start = ++at;
    int depth = 1;
    while (at < create_table.size()) {
        const char c = create_table[at];
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (depth == 0 || (depth == 1 && c == ',')) {
            elements_.emplace_back(trim(create_table.substr(start, at - start)));
            start = at + 1;
        }
        if (depth == 0)
            break;
        at = next_token(create_table, at);
    }
    tail_ = create_table.substr(std::min(at, create_table.size()));
}

void table_text::add(std::string element) { elements_.push_back(std::move(element)); }

bool table_text::drop_constraint(std::string_view name)
{
    return std::erase_if(elements_, [&](std::string_view element) {
               return take_name(element) == "constraint" && take_name(element) == lower(name);
           }) != 0;
}

bool table_text::replace_column(std::string_view name, std::string element)
{
    const auto found = std::ranges::find_if(elements_, [&](std::string_view each) {
        return take_name(each) == lower(name);
    });
    if (found == elements_.end())
        return false;
    *found = std::move(element);
    return true;
}

std::string table_text::text() const
{
    std::string out = head_;
    for (std::size_t i = 0; i < elements_.size(); ++i)
        out += (i == 0 ? "\n    " : ",\n    ") + elements_[i];
    return out + '\n' + tail_;
}

table_text table_text::of(catalog_edit& edit, std::string_view table)
{
    const auto found =
        edit.first("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", {table});
    if (!found)
        refuse("42P01", "relation \"" + std::string(table) + "\" does not exist");
    return table_text{found->text(0)};
}

void table_text::store(catalog_edit& edit, std::string_view table) const
{
    const std::int64_t version = edit.first("PRAGMA schema_version")->integer(0);
    edit.run("PRAGMA writable_schema = ON");
    edit.run("UPDATE sqlite_schema SET sql = ?2 WHERE type = 'table' AND name = ?1",
             {table, text()});
    // The first makes other connections read the schema again, the second this one.
    edit.run("PRAGMA schema_version = " + std::to_string(version + 1));
    edit.run("PRAGMA writable_schema = RESET");
}

} // namespace weir::sqlite
