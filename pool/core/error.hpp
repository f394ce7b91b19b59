// What went wrong, for a program (the SQLSTATE) and for the person at 3 a.m. (the sentences).
#pragma once

#include <boost/system/result.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir {

// Five characters of PostgreSQL's appendix A: sqlstate{"53300"}. A wrong length does not compile.
class sqlstate {
public:
    constexpr sqlstate(const char (&code)[6]) : code_{code[0], code[1], code[2], code[3], code[4]}
    {
    }

    // From a server's words; anything that is not five characters becomes XX000 (internal error).
    static constexpr sqlstate from(std::string_view text)
    {
        sqlstate code{"XX000"};
        if (text.size() == 5)
            text.copy(code.code_.data(), 5);
        return code;
    }

    constexpr std::string_view text() const { return {code_.data(), code_.size()}; }
    friend constexpr bool operator==(const sqlstate&, const sqlstate&) = default;

private:
    std::array<char, 5> code_;
};

struct error {
    sqlstate code{"00000"};  // result<T>::error() of a success is a default error
    std::string message;     // one sentence with the numbers; starts in lower case, no full stop
    std::string detail = {}; // may be empty, as may the rest
    std::string hint = {};
    int position = 0; // 1-based character in the statement's text; 0 = unknown
};

// result<T>::value() on an error is a mistake of the caller's.
[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&)
{
    throw std::logic_error(std::string(e.code.text()) + ": " + e.message);
}

template <class T>
using result = boost::system::result<T, error>;

} // namespace weir
