#include "pool/pgwire/channel_script.hpp"

#include "pool/pgwire/session_settings.hpp"
#include "pool/pgwire/sql_tokens.hpp"
#include "pool/pgwire/statement_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace weir::pgwire {

namespace {

using kind = channel_step::kind;
using token_kind = sql_token::kind;

constexpr std::string_view blanks = " \t\n\r\f\v";

// No statement that matters is longer: ROLLBACK TRANSACTION TO SAVEPOINT name.
constexpr std::size_t longest = 5;

// The first tokens of a statement, and all that is needed of the rest.
class statement_front {
public:
    void add(const sql_token& t)
    {
        if (size_ < longest)
            tokens_[size_] = t;
        ++size_;
    }

    bool empty() const { return size_ == 0; }
    std::size_t begin() const { return tokens_[0].at; }
    std::size_t end() const { return tokens_[size_ - 1].at + tokens_[size_ - 1].text.size(); }

    std::optional<channel_step> step() const
    {
        if (size_ > longest)
            return {};
        const auto rest = std::span{tokens_}.subspan(0, size_);
        if (is_word(rest, "listen"))
            return named(kind::listen, rest.subspan(1));
        if (is_word(rest, "unlisten")) {
            if (rest.size() == 2 && rest[1].text == "*")
                return channel_step{kind::unlisten_all};
            return named(kind::unlisten, rest.subspan(1));
        }
        if (is_word(rest, "savepoint"))
            return named(kind::savepoint, rest.subspan(1));
        if (is_word(rest, "release"))
            return named(kind::release, without(rest.subspan(1), "savepoint", 2));
        if (is_word(rest, "rollback") || is_word(rest, "abort"))
            return rollback(without_noise(rest.subspan(1)));
        if (is_word(rest, "commit") || is_word(rest, "end"))
            return is_word(rest.subspan(1), "prepared") ? std::nullopt : commit;
        if (is_word(rest, "prepare") && is_word(rest.subspan(1), "transaction"))
            return commit;
        return {};
    }

private:
    using tokens = std::span<const sql_token>;

    static inline const std::optional<channel_step> commit = channel_step{kind::commit};

    static bool is_word(tokens rest, std::string_view word)
    {
        return !rest.empty() && rest[0].what == token_kind::word && lower(rest[0].text) == word;
    }

    // A keyword that may stand there, if at least `least` tokens do.
    static tokens without(tokens rest, std::string_view word, std::size_t least)
    {
        return rest.size() >= least && is_word(rest, word) ? rest.subspan(1) : rest;
    }

    static tokens without_noise(tokens rest)
    {
        return without(without(rest, "work", 1), "transaction", 1);
    }

    static std::optional<channel_step> rollback(tokens rest)
    {
        if (is_word(rest, "to"))
            return named(kind::rollback_to, without(rest.subspan(1), "savepoint", 2));
        if (rest.empty() || is_word(rest, "and"))
            return channel_step{kind::rollback};
        return {}; // ROLLBACK PREPARED: another transaction's
    }

    static std::optional<channel_step> named(kind what, tokens rest)
    {
        if (rest.size() != 1)
            return {};
        std::string name = identifier(rest[0]);
        if (name.empty())
            return {};
        return channel_step{what, std::move(name)};
    }

    std::array<sql_token, longest> tokens_{};
    std::size_t size_ = 0;
};

bool begins_like_one(std::string_view sql)
{
    const std::size_t first = sql.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return false;
    const char c = static_cast<char>(sql[first] | 0x20);
    const char next = first + 1 < sql.size() ? static_cast<char>(sql[first + 1] | 0x20) : '\0';
    switch (c) {
    case 's': return next == 'a'; // not SELECT, SET, SHOW
    case 'u': return next == 'n'; // not UPDATE
    case 'r': return next == 'o' || next == 'e';
    case 'p': return next == 'r';
    case 'l':
    case 'a':
    case 'c':
    case 'e':
    case '-':
    case '/':
    case ';': return true;
    default: return false;
    }
}

bool mentions(std::string_view sql, std::string_view word)
{
    return std::search(sql.begin(), sql.end(), word.begin(), word.end(), [](char a, char b) {
               return (a | 0x20) == b;
           }) != sql.end();
}

} // namespace

bool channel_step::is_answered_by(std::string_view tag) const
{
    switch (what) {
    case kind::listen: // by its stand-in
    case kind::unlisten:
    case kind::unlisten_all: return tag == "UNLISTEN";
    case kind::savepoint: return tag == "SAVEPOINT";
    case kind::release: return tag == "RELEASE";
    case kind::rollback_to:
    case kind::rollback: return tag == "ROLLBACK";
    case kind::commit: // of a transaction that has failed: ROLLBACK
        return tag == "COMMIT" || tag == "PREPARE TRANSACTION" || tag == "ROLLBACK";
    }
    return false;
}

bool mentions_notify(std::string_view sql) { return mentions(sql, "notify"); }

channel_script_ptr read_channel_script(std::string_view sql, bool and_transactions)
{
    if (!begins_like_one(sql) && !are_several(sql))
        return nullptr;
    if (!and_transactions && !mentions(sql, "listen"))
        return nullptr;

    auto script = std::make_shared<channel_script>();
    std::size_t copied = 0;
    bool about_channels = false;
    const auto end_statement = [&](const statement_front& statement) {
        if (statement.empty())
            return;
        std::optional<channel_step> step = statement.step();
        script->is_alone = script->is_alone && step && step->is_about_channels();
        if (!step)
            return;
        about_channels = about_channels || step->is_about_channels();
        if (step->what == kind::listen) {
            script->text.append(sql.substr(copied, statement.begin() - copied));
            script->text.append(listen_stand_in);
            copied = statement.end();
            script->wanted.push_back(step->name);
        }
        script->steps.push_back(std::move(*step));
    };

    sql_tokens tokens{sql};
    statement_front statement;
    for (sql_token t = tokens.next(); t.what != token_kind::end; t = tokens.next()) {
        if (t.what == token_kind::unclear)
            return nullptr;
        if (t.what == token_kind::semicolon) {
            end_statement(statement);
            statement = {};
        } else {
            statement.add(t);
        }
    }
    end_statement(statement);
    if (script->steps.empty() || !(about_channels || and_transactions))
        return nullptr;
    if (copied > 0)
        script->text.append(sql.substr(copied));
    return script;
}

} // namespace weir::pgwire
