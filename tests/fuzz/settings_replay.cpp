// The settings of one client replayed over those of another: whatever names and values were chosen
// to do, the SQL is a list of statements that set and reset, nothing else, and read as PostgreSQL
// reads them they lead from the one to the other. The input is names and values with a NUL behind
// each, in turn for the server and for the client.
#include "pool/pgwire/session_settings.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using weir::pgwire::lower;
using weir::pgwire::settings_map;

namespace {

// Reads SQL from its front; what is not there breaks the promise.
class reader {
public:
    explicit reader(std::string_view sql) : rest_(sql) {}

    bool at_end() const { return rest_.empty(); }

    bool takes(std::string_view words)
    {
        const bool there = rest_.starts_with(words);
        if (there)
            rest_.remove_prefix(words.size());
        return there;
    }

    // Up to the closing quote; a doubled one is part of it, and a backslash only escapes in E''.
    std::string quoted(char quote, bool escapes)
    {
        std::string out;
        for (;;) {
            promise(!rest_.empty());
            const char c = take();
            if (c == quote && !takes(std::string_view{&quote, 1}))
                return out;
            if (c == '\\' && escapes) {
                promise(takes("\\")); // the only escape that weir writes
            } else if (c == '\\' && quote == '\'') {
                promise(false); // its meaning would hang on standard_conforming_strings
            }
            out += c;
        }
    }

    std::string literal()
    {
        while (takes(" "))
            ;
        const bool escapes = takes("E");
        promise(takes("'"));
        return quoted('\'', escapes);
    }

    std::string word()
    {
        std::string out;
        while (!rest_.empty() && rest_.front() != '=')
            out += take();
        return out;
    }

private:
    char take()
    {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string_view rest_;
};

void obey(std::string_view sql, settings_map& settings)
{
    for (reader in{sql}; !in.at_end(); promise(in.takes(";"))) {
        if (in.takes("RESET ROLE")) {
            settings.erase("role");
        } else if (in.takes("RESET SESSION AUTHORIZATION")) {
            settings.erase("session_authorization");
            settings.erase("role");
        } else if (in.takes("RESET \"")) {
            settings.erase(in.quoted('"', false));
        } else if (in.takes("SET ROLE")) {
            settings["role"] = in.literal();
        } else if (in.takes("SET SESSION AUTHORIZATION")) {
            settings["session_authorization"] = in.literal();
        } else if (in.takes("SELECT pg_catalog.set_config(")) {
            const std::string name = in.literal();
            promise(in.takes(","));
            settings[name] = in.literal();
            promise(in.takes(",false)"));
        } else {
            promise(in.takes("SET "));
            const std::string name = in.word();
            promise(weir::pgwire::is_tracked(name) && in.takes("="));
            settings[name] = in.literal();
        }
    }
}

// To be nobody in particular is the same as not to have said who.
void forget_empty_identities(settings_map& settings)
{
    for (const char* name : {"role", "session_authorization"})
        if (const auto found = settings.find(name);
            found != settings.end() && found->second.empty())
            settings.erase(found);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view words{reinterpret_cast<const char*>(data), size};
    const auto next = [&words] {
        const std::string_view word = words.substr(0, words.find('\0'));
        words.remove_prefix(std::min(word.size() + 1, words.size()));
        return word;
    };
    settings_map have;
    settings_map want;
    for (bool server = true; !words.empty(); server = !server) {
        const std::string name = lower(next());
        (server ? have : want)[name] = next();
    }
    const std::string sql = weir::pgwire::replay(have, want);
    promise(weir::pgwire::replay(want, want).empty());
    forget_empty_identities(have);
    obey(sql, have);
    forget_empty_identities(have);
    forget_empty_identities(want);
    promise(have == want);
    return 0;
}
