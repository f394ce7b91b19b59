// The names that a client gave to its prepared statements. They live here and never reach a server:
// before a Bind or Describe of a name its text is sent as the unnamed statement.
#pragma once

#include "pool/pgwire/channel_script.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/statement_text.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::pgwire {

struct prepared_statement {
    std::string parse_tail; // the Parse message after its name: query, NUL, parameter types
    statement_words words = {};
    channel_script_ptr channels = nullptr;

    std::string_view query() const { return parse_tail.c_str(); }
    bool listens() const { return channels && !channels->wanted.empty(); }
};

// Shared so that a server can say which statement its unnamed slot holds, by address.
using statement_ptr = std::shared_ptr<const prepared_statement>;

class prepared_statements {
public:
    // A client may keep this much; PostgreSQL itself sets no limit.
    static constexpr std::size_t max_count = 10'000;
    static constexpr std::size_t max_bytes = 64u << 20;

    const statement_ptr& find(std::string_view name) const;   // "" is the unnamed one; may be null
    void put(std::string_view name, statement_ptr statement); // null removes
    void clear_named();
    bool has_room_for(std::size_t size) const;
    std::size_t count() const { return named_ ? named_->statements.size() : 0; }
    std::uint64_t revision() const { return revision_; } // another after each change

    template <class Call>
    void each(Call call) const // with the name, "" for the unnamed one, and the statement
    {
        if (unnamed_)
            call(std::string_view{}, unnamed_);
        if (named_)
            for (const auto& [name, statement] : named_->statements)
                call(std::string_view{name}, statement);
    }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const
        {
            return std::hash<std::string_view>{}(s);
        }
    };
    struct named {
        std::unordered_map<std::string, statement_ptr, hash, std::equal_to<>> statements;
        std::size_t bytes = 0;
    };

    statement_ptr unnamed_;
    std::unique_ptr<named> named_; // most clients name nothing, and then it costs nothing
    std::uint64_t revision_ = 0;
};

} // namespace weir::pgwire
