// PostgreSQL's functions as far as weir has them: their signatures, and SQLite's words for each.
// This is the single list; the functions named pg_... in it are those that functions.hpp registers.
#pragma once

#include "pool/sqlite/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace weir::sqlite {

// Types that only signatures have: they stand for whatever the call brings.
namespace type {
inline constexpr oid any{2276}, anyarray{2277}, anyelement{2283}, anynonarray{2776};
} // namespace type

// The argument types of a function; `variadic` repeats the last one any number of times.
struct signature {
    static constexpr std::size_t most = 6;

    constexpr signature(std::initializer_list<oid> types) : count(types.size())
    {
        std::size_t at = 0;
        for (const oid each : types)
            types_[at++] = each;
    }

    constexpr std::span<const oid> types() const { return {types_.data(), count}; }

    std::size_t count = 0;

private:
    std::array<oid, most> types_{};
};

enum class call_kind : std::uint8_t {
    scalar,
    variadic,  // scalar; the last argument type repeats
    aggregate, // may be windowed too
    window,    // needs OVER
    set,       // a source of rows for FROM: the template is a SELECT of one column
};

enum class null_rule : std::uint8_t {
    strict, // NULL when any argument is NULL; aggregates skip rows with a NULL
    called, // the function deals with NULLs itself
};

// In a template %1 is the first argument's SQL, already cast to the type of the signature, and %*
// all of them with commas between. A letter asks for another form of it:
//   %t1  as `::text` would have it: true
//   %o1  as PostgreSQL prints it: t
//   %j1  as a JSON value: "true" from text, true from a boolean
//   %k*  alternating %o and %j, for keys and values
//   %T1  the number of its type
//   %E1  the number of its elements' type
struct function_entry {
    std::string_view name;
    signature arguments;
    oid result;
    std::string_view sqlite; // empty: PostgreSQL has it and weir has not
    call_kind kind = call_kind::scalar;
    null_rule nulls = null_rule::strict;
    bool writes = false; // nextval(): only the writer may run it
};

std::span<const function_entry> function_table();

// Forms of the grammar that need a function but have no name in PostgreSQL.
namespace form {
inline constexpr std::string_view input =
    "pg_input(%1, %2)"; // text -> type number, its input function
inline constexpr std::string_view output = "pg_output(%1, %2)"; // the type's output function
inline constexpr std::string_view array = "pg_array(%o*)";      // ARRAY[a, b]
inline constexpr std::string_view array_element = "pg_array_get(%1, %2, %E1)"; // a[2]
// The members of an array for IN; of a NULL array one NULL, so that the answer is NULL too.
inline constexpr std::string_view array_members =
    "SELECT value FROM json_each(coalesce(pg_array_to_json(%1, %E1), '[null]'))";
inline constexpr std::string_view current_date = "pg_current_date()";
inline constexpr std::string_view current_time = "pg_current_time()"; // LOCALTIME
inline constexpr std::string_view current_timestamp = "pg_now()";
inline constexpr std::string_view local_timestamp = "pg_timestamptz_to_timestamp(pg_now())";
inline constexpr std::string_view current_user = "pg_current_user()";
inline constexpr std::string_view limit = "pg_limit(%1)";   // NULL is no limit (-1); 2201W below 0
inline constexpr std::string_view offset = "pg_offset(%1)"; // NULL is 0; 2201X below 0
inline constexpr std::string_view only_row =
    "pg_only_row(%1)"; // an aggregate: 21000 at a second row
inline constexpr std::string_view all[] = {input,
                                           output,
                                           array,
                                           array_element,
                                           array_members,
                                           current_date,
                                           current_time,
                                           current_timestamp,
                                           local_timestamp,
                                           current_user,
                                           limit,
                                           offset,
                                           only_row};
} // namespace form

} // namespace weir::sqlite
