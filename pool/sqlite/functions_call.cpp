#include "pool/sqlite/functions_call.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <memory>

namespace weir::sqlite {

namespace {

constexpr char between_parts = '\x1f'; // ASCII's unit separator: in no message of ours

struct registered {
    const scalar_function* function;
    const function_context* context;
};

void run_scalar(sqlite3_context* sqlite, int count, sqlite3_value** values)
{
    const auto& self = *static_cast<const registered*>(sqlite3_user_data(sqlite));
    function_call call(sqlite, {values, static_cast<std::size_t>(count)});
    if (self.function->strict)
        for (std::size_t i = 0; i < call.size(); ++i)
            if (call.is_null(i))
                return; // SQLite's default result is NULL
    try {
        self.function->run(call);
    } catch (const refusal& why) {
        const std::string text = text_for_sqlite(why.what);
        sqlite3_result_error(sqlite, text.data(), static_cast<int>(text.size()));
    } catch (const std::exception&) { // std::bad_alloc, std::length_error
        sqlite3_result_error_nomem(sqlite);
    }
}

} // namespace

value function_call::argument(std::size_t i) const
{
    sqlite3_value* const v = arguments_[i];
    const auto bytes = [v](const void* data) {
        return std::string_view(static_cast<const char*>(data),
                                static_cast<std::size_t>(sqlite3_value_bytes(v)));
    };
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER: return {.is = value::kind::integer, .integer = sqlite3_value_int64(v)};
    case SQLITE_FLOAT: return {.is = value::kind::real, .real = sqlite3_value_double(v)};
    case SQLITE_TEXT: return {.is = value::kind::text, .bytes = bytes(sqlite3_value_text(v))};
    case SQLITE_BLOB: return {.is = value::kind::blob, .bytes = bytes(sqlite3_value_blob(v))};
    default: return {};
    }
}

bool function_call::is_null(std::size_t i) const
{
    return sqlite3_value_type(arguments_[i]) == SQLITE_NULL;
}

std::int64_t function_call::integer(std::size_t i) const
{
    return sqlite3_value_int64(arguments_[i]);
}

double function_call::real(std::size_t i) const { return sqlite3_value_double(arguments_[i]); }

std::string_view function_call::text(std::size_t i) const
{
    const void* const data = sqlite3_value_text(arguments_[i]);
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments_[i]));
    return data == nullptr ? std::string_view{}
                           : std::string_view{static_cast<const char*>(data), size};
}

decimal function_call::number(std::size_t i) const
{
    const value v = argument(i);
    switch (v.is) {
    case value::kind::integer: return decimal{v.integer};
    case value::kind::real: return decimal::from_double(v.real);
    default: return must(decimal::parse(v.bytes));
    }
}

void function_call::give_null() { sqlite3_result_null(sqlite_); }

void function_call::give(std::int64_t n) { sqlite3_result_int64(sqlite_, n); }

void function_call::give_real(double r) { sqlite3_result_double(sqlite_, r); }

void function_call::give(std::string_view text)
{
    sqlite3_result_text64(sqlite_,
                          text.data() ? text.data() : "",
                          text.size(),
                          SQLITE_TRANSIENT,
                          SQLITE_UTF8);
}

void function_call::give_blob(std::string_view bytes)
{
    sqlite3_result_blob64(sqlite_,
                          bytes.data() ? bytes.data() : "",
                          bytes.size(),
                          SQLITE_TRANSIENT);
}

void function_call::give(const value& v)
{
    switch (v.is) {
    case value::kind::null: return give_null();
    case value::kind::integer: return give(v.integer);
    case value::kind::real: return give_real(v.real);
    case value::kind::text: return give(v.bytes);
    case value::kind::blob: return give_blob(v.bytes);
    }
}

void function_call::give_argument(std::size_t i) { sqlite3_result_value(sqlite_, arguments_[i]); }

sqlite3* function_call::db() const { return sqlite3_context_db_handle(sqlite_); }

const function_context& function_call::session() const
{
    return *static_cast<const registered*>(sqlite3_user_data(sqlite_))->context;
}

output_settings function_call::settings() const
{
    output_settings out = session().output;
    out.time_zone = session().time_zone;
    return out;
}

void register_scalars(connection& into,
                      const function_context* context,
                      std::span<const scalar_function> functions)
{
    for (const scalar_function& each : functions) {
        // Innocuous: views and CHECKs may call them even in a file that is not trusted.
        const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS |
                          (each.is == scalar_function::kind::pure ? SQLITE_DETERMINISTIC : 0);
        auto self = std::make_unique<registered>(registered{&each, context});
        const int status =
            sqlite3_create_function_v2(into.get(),
                                       each.name,
                                       each.arguments,
                                       flags,
                                       self.release(), // SQLite deletes it, even if this fails
                                       run_scalar,
                                       nullptr,
                                       nullptr,
                                       [](void* owned) { delete static_cast<registered*>(owned); });
        if (status != SQLITE_OK)
            throw refusal{into.last_error()};
    }
}

std::string text_for_sqlite(const error& why)
{
    std::string text(why.code.text());
    text += ':' + why.message;
    if (!why.detail.empty() || !why.hint.empty())
        text += between_parts + why.detail;
    if (!why.hint.empty())
        text += between_parts + why.hint;
    return text;
}

error error_from_function(std::string_view text)
{
    error out{sqlstate::from(text.substr(0, 5)), {}};
    text.remove_prefix(std::min<std::size_t>(text.size(), 6));
    for (std::string* part : {&out.message, &out.detail, &out.hint}) {
        *part = text.substr(0, text.find(between_parts));
        text.remove_prefix(std::min(text.size(), part->size() + 1));
    }
    return out;
}

} // namespace weir::sqlite
