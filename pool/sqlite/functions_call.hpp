// How the families of functions meet SQLite: one call's arguments and result, and registration.
// A function that cannot answer throws a refusal (dialect/refusal.hpp); the one place that SQLite
// calls turns it into the text that error_from_function() reads.
#pragma once

#include "pool/sqlite/catalog_edit.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/decimal.hpp"
#include "pool/sqlite/functions.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct sqlite3_context;

namespace weir::sqlite {

class function_call {
public:
    function_call(sqlite3_context* sqlite, std::span<sqlite3_value*> arguments)
        : sqlite_(sqlite), arguments_(arguments)
    {
    }

    std::size_t size() const { return arguments_.size(); }
    value argument(std::size_t i) const; // a view, valid until the argument is read otherwise
    bool is_null(std::size_t i) const;
    std::int64_t integer(std::size_t i) const;
    double real(std::size_t i) const;
    std::string_view text(std::size_t i) const; // of any type; for a blob its bytes
    decimal number(std::size_t i) const;        // an integer, a float or the text of a numeric

    void give_null();
    void give(std::int64_t n);
    void give(bool b) { give(std::int64_t{b}); }
    void give_real(double r);
    void give(std::string_view text);
    void give(const char* text) { give(std::string_view(text)); }
    void give(const decimal& d) { give(d.text()); }
    void give_blob(std::string_view bytes);
    void give(const value& v);
    void give_argument(std::size_t i);

    sqlite3* db() const;
    const function_context& session() const; // the connection's
    output_settings settings() const;        // the session's, for values.hpp

private:
    sqlite3_context* sqlite_;
    std::span<sqlite3_value*> arguments_;
};

struct scalar_function {
    const char* name;
    int arguments; // -1 = any number
    void (*run)(function_call&);
    enum class kind : std::uint8_t {
        pure,   // the same answer for the same arguments: good for indexes and constants
        stable, // asks the session, the clock or the catalog
    } is = kind::pure;
    bool strict = true; // NULL when any argument is NULL, without being called
};

void register_scalars(connection& into,
                      const function_context* context,
                      std::span<const scalar_function> functions);

// The families; each registers its own (functions_NAME.cpp).
void register_array_functions(connection& into, const function_context* context);
void register_aggregates(connection& into, const function_context* context);
void register_cast_functions(connection& into, const function_context* context);
void register_datetime_functions(connection& into, const function_context* context);
void register_digest_functions(connection& into, const function_context* context);
void register_json_functions(connection& into, const function_context* context);
void register_jsonb_functions(connection& into, const function_context* context);
void register_number_functions(connection& into, const function_context* context);
void register_pattern_functions(connection& into, const function_context* context);
void register_sequence_functions(connection& into, const function_context* context);
void register_session_functions(connection& into, const function_context* context);
void register_text_functions(connection& into, const function_context* context);
void register_time_format_functions(connection& into, const function_context* context);

// How a refusal travels through SQLite.
std::string text_for_sqlite(const error& why);

} // namespace weir::sqlite
