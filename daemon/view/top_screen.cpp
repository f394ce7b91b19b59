#include "daemon/view/top_screen.hpp"

#include "daemon/view/brief.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::view {
namespace {

constexpr std::string_view help =
    "up/down choose  tab pools or holders  s sort  p pause  r resume  k kill  q quit";

constexpr std::chrono::seconds noticeable{2};

std::string_view to_string(top_screen::order o)
{
    switch (o) {
    case top_screen::order::held: return "held";
    case top_screen::order::silent: return "silent";
    case top_screen::order::backend: return "backend";
    }
    return "";
}

std::string quoted(std::string_view name)
{
    std::string made = "\"";
    for (const char c : name) {
        made += c;
        if (c == '"')
            made += c;
    }
    return made + '"';
}

// The table's lines with the chosen row (counted without the headings) in reverse.
lines marked(lines table, std::optional<std::size_t> chosen, bool has_colours)
{
    for (std::size_t i = 0; i < table.size(); ++i) {
        const bool is_chosen = chosen && i == *chosen + 1;
        if (!has_colours || !is_chosen)
            table[i].insert(0, is_chosen ? "> " : "  ");
        else
            table[i] = coloured("> " + table[i], tone::chosen);
    }
    return table;
}

// The row with that word, or the first; nothing: there is none.
std::optional<std::size_t> chosen(const answer& of, std::string_view column, std::string_view word)
{
    if (of.size() == 0)
        return std::nullopt;
    const std::size_t found = of.find(column, word);
    return found == of.size() ? 0 : found;
}

void append(lines& to, lines more) { std::ranges::move(more, std::back_inserter(to)); }

} // namespace

std::optional<key> take_key(std::string& typed)
{
    if (typed.empty())
        return std::nullopt;
    const auto take = [&](std::size_t bytes, key k) {
        typed.erase(0, bytes);
        return k;
    };
    if (typed.starts_with("\x1b[") || typed.starts_with("\x1bO")) {
        if (typed.size() < 3)
            return std::nullopt;
        switch (typed[2]) {
        case 'A': return take(3, key::up);
        case 'B': return take(3, key::down);
        default: break;
        }
        const auto end = std::find_if(typed.begin() + 2, typed.end(), [](char c) {
            return c >= '@' && c <= '~'; // what ends any other sequence
        });
        return take(static_cast<std::size_t>(end - typed.begin()) + (end != typed.end()),
                    key::other);
    }
    switch (typed[0]) {
    case '\t': return take(1, key::tab);
    case 's': return take(1, key::sort);
    case 'p': return take(1, key::pause);
    case 'r': return take(1, key::resume);
    case 'k': return take(1, key::kill);
    case 'y': return take(1, key::yes);
    case 'n': return take(1, key::no);
    case 'q':
    case '\x03': // Control-C
    case '\x04': return take(1, key::quit);
    default: return take(1, key::other);
    }
}

void top_screen::show(top_answers now)
{
    now_ = std::move(now);
    now_.pools.backends = backends_in_use(now_.pools.backends);
    sort();
}

std::optional<wish> top_screen::press(key k)
{
    message_.clear();
    if (auto wanted = std::exchange(if_yes_, std::nullopt)) { // whatever is not yes is no
        if (k == key::yes)
            return wanted;
        if (k != key::quit)
            return std::nullopt;
    }
    const std::string backend = chosen_backend();
    switch (k) {
    case key::up: choose(-1); break;
    case key::down: choose(1); break;
    case key::tab: in_ = in_ == part::pools ? part::holders : part::pools; break;
    case key::sort:
        order_ = order_ == order::backend ? order::held
                                          : static_cast<order>(static_cast<int>(order_) + 1);
        sort();
        break;
    case key::pause:
        if (!backend.empty())
            ask("pause " + backend, {"PAUSE " + quoted(backend), "pausing " + backend});
        break;
    case key::resume:
        if (!backend.empty())
            return wish{"RESUME " + quoted(backend), "resuming " + backend};
        break;
    case key::kill: ask_to_kill(); break;
    case key::quit: wants_to_quit_ = true; break;
    case key::yes:
    case key::no:
    case key::other: break;
    }
    if (backend.empty() && (k == key::pause || k == key::resume))
        message_ = "no row is chosen; tab goes to the pools";
    return std::nullopt;
}

void top_screen::ask(std::string question, wish if_yes)
{
    question_ = printable(question) + "? y/n";
    if_yes_ = std::move(if_yes);
}

void top_screen::ask_to_kill()
{
    const auto row = chosen_holder();
    if (!row)
        return;
    const std::string client(now_.holders.holders.text(*row, "client"));
    ask("end the connection of " + std::string(now_.holders.holders.text(*row, "process")) + " (" +
            client + ")",
        {"KILL_CLIENT " + quoted(client), "ending " + client});
}

void top_screen::choose(int step)
{
    const bool is_pools = in_ == part::pools;
    const answer& of = is_pools ? now_.pools.backends : now_.holders.holders;
    const std::string_view column = is_pools ? "backend" : "client";
    std::string& word = is_pools ? backend_ : client_;
    const auto now = chosen(of, column, word);
    if (!now)
        return;
    const long last = static_cast<long>(of.size()) - 1;
    const long next = std::clamp(static_cast<long>(*now) + step, 0L, last);
    word = of.text(static_cast<std::size_t>(next), column);
}

// The console has the longest holders first.
void top_screen::sort()
{
    const answer& of = now_.holders.holders;
    std::vector<std::size_t> rows(of.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] = i;
    std::ranges::stable_sort(rows, [&](std::size_t a, std::size_t b) {
        switch (order_) {
        case order::held: return of.number(a, "held_ms") > of.number(b, "held_ms");
        case order::silent: return of.number(a, "silent_ms") > of.number(b, "silent_ms");
        case order::backend: return of.text(a, "backend") < of.text(b, "backend");
        }
        return false;
    });
    console::rows sorted;
    for (const std::size_t row : rows)
        sorted.push_back(of.rows()[row]);
    now_.holders.holders = answer(of.columns(), std::move(sorted));
}

// A lane is paused and resumed with its pool.
std::string top_screen::chosen_backend() const
{
    constexpr std::string_view lane = ":session";
    const bool is_pools = in_ == part::pools;
    const answer& of = is_pools ? now_.pools.backends : now_.holders.holders;
    const auto row = is_pools ? chosen(of, "backend", backend_) : chosen_holder();
    std::string name(row ? of.text(*row, "backend") : "");
    if (name.ends_with(lane))
        name.resize(name.size() - lane.size());
    return name;
}

std::optional<std::size_t> top_screen::chosen_holder() const
{
    return chosen(now_.holders.holders, "client", client_);
}

lines top_screen::draw(screen_size size, bool has_colours) const
{
    const auto title = [&](std::string words) {
        return has_colours ? coloured(words, tone::heading) : words;
    };
    lines page{title(now_.version + " serves " + now_.address), {}};
    if (silence_ >= noticeable) {
        const std::string words = "  no answer for " + brief(silence_);
        page[0] += has_colours ? coloured(words, tone::bad) : words;
    }
    const text_table pools = table_of_pools(now_.pools);
    const bool is_pools = in_ == part::pools;
    std::optional<std::size_t> chosen_pool;
    if (is_pools)
        chosen_pool = chosen(now_.pools.backends, "backend", backend_);
    append(page, marked(pools.lines(has_colours), chosen_pool, has_colours));
    for (const std::string& trouble : troubles(now_.pools))
        page.push_back(has_colours ? coloured(trouble, tone::bad) : trouble);

    const answer& waiters = now_.holders.waiters;
    page.emplace_back();
    page.push_back(title(std::to_string(now_.holders.holders.size()) + " hold a server, by " +
                         std::string(to_string(order_)) + "; " + std::to_string(waiters.size()) +
                         " wait"));
    const text_table holders = table_of_holders(now_.holders);
    if (!holders.is_empty())
        append(page,
               marked(holders.lines(has_colours),
                      is_pools ? std::nullopt : chosen_holder(),
                      has_colours));
    if (waiters.size() > 0) {
        page.emplace_back();
        append(page, marked(table_of_waiters(now_.holders).lines(has_colours), {}, has_colours));
    }

    const std::size_t body = size.rows > 0 ? size.rows - 1 : 0; // the last line is for the keys
    page.resize(body);
    if (size.rows > 0)
        page.push_back(if_yes_ ? question_ : message_.empty() ? std::string(help) : message_);
    for (std::string& line : page)
        line = clipped(line, size.columns);
    return page;
}

std::string clipped(std::string_view line, std::size_t columns)
{
    std::string made;
    bool is_coloured = false;
    std::size_t used = 0;
    for (std::size_t i = 0; i < line.size();) {
        if (line[i] == '\x1b') { // coloured() is all that makes one
            const std::size_t end = std::min(line.find('m', i), line.size() - 1) + 1;
            const std::string_view sequence = line.substr(i, end - i);
            is_coloured = sequence != "\x1b[0m";
            made += sequence;
            i = end;
            continue;
        }
        std::size_t end = i + 1;
        while (end < line.size() && (line[end] & 0xC0) == 0x80)
            ++end;
        if (used++ == columns)
            break;
        made += line.substr(i, end - i);
        i = end;
    }
    return is_coloured ? made + "\x1b[0m" : made;
}

} // namespace weir::view
