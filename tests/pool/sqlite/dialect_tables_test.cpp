// The dialect's tables against SQLite: every function that their words name is registered, takes
// that many arguments, and is strict where the table says so.
#include "pool/sqlite/dialect/cast_table.hpp"
#include "pool/sqlite/dialect/emitter.hpp"
#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "tests/pool/sqlite/dialect_fixture.hpp"

#include <array>
#include <set>
#include <tuple>

using namespace weir;
using namespace weir::sqlite;

namespace {

// A NULL that has the type an argument of the table will have.
tree::expression_ptr null_of(oid wanted)
{
    auto made = std::make_shared<tree::expression>();
    const bool is_any = wanted == type::any || wanted == type::anyelement ||
                        wanted == type::anynonarray || wanted == type::none;
    made->type = is_any ? type::text : wanted == type::anyarray ? type::text_array : wanted;
    made->is = tree::constant{};
    return made;
}

std::string filled(std::string_view words, std::span<const oid> types)
{
    std::vector<tree::expression_ptr> arguments;
    for (const oid each : types)
        arguments.push_back(null_of(each));
    emitter to{column_style::bare};
    to.fill(words, arguments);
    return to.take();
}

} // namespace

TEST_SUITE("sqlite dialect: tables")
{
    TEST_CASE("every function's words are SQLite's")
    {
        test::dialect_file file;
        for (const function_entry& each : function_table()) {
            if (each.sqlite.empty() || each.kind == call_kind::window)
                continue;
            std::vector<oid> types(each.arguments.types().begin(), each.arguments.types().end());
            if (each.kind == call_kind::variadic)
                types.resize(types.size() + 2 - types.size() % 2, types.back());
            std::string sql = filled(each.sqlite, types);
            if (each.kind != call_kind::set)
                sql.insert(0, "SELECT ");
            CAPTURE(each.name);
            CAPTURE(sql);
            auto prepared = file.db().prepare(sql);
            CHECK_MESSAGE(prepared.has_value(), prepared.error().message);
            const bool is_scalar =
                each.kind == call_kind::scalar || each.kind == call_kind::variadic;
            if (!prepared || !is_scalar || each.nulls != null_rule::strict || types.empty())
                continue;
            REQUIRE(prepared->step().has_value());
            CHECK(prepared->column(0).is == value::kind::null);
        }
    }

    TEST_CASE("every operator's words are SQLite's, and NULL gives NULL")
    {
        test::dialect_file file;
        for (const operator_entry& each : operator_table()) {
            if (each.sqlite.empty())
                continue;
            const std::string sql =
                "SELECT " + filled(each.sqlite, std::array{each.left, each.right});
            CAPTURE(each.name);
            CAPTURE(sql);
            auto prepared = file.db().prepare(sql);
            CHECK_MESSAGE(prepared.has_value(), prepared.error().message);
            if (!prepared)
                continue;
            REQUIRE(prepared->step().has_value());
            CHECK(prepared->column(0).is == value::kind::null);
        }
    }

    TEST_CASE("every cast's words are SQLite's, and NULL gives NULL")
    {
        test::dialect_file file;
        const auto check = [&](std::string_view words, std::span<const oid> types) {
            const std::string sql = "SELECT " + filled(words, types);
            CAPTURE(sql);
            auto prepared = file.db().prepare(sql);
            CHECK_MESSAGE(prepared.has_value(), prepared.error().message);
            if (!prepared)
                return;
            REQUIRE(prepared->step().has_value());
            CHECK(prepared->column(0).is == value::kind::null);
        };
        for (const cast_entry& each : cast_table())
            check(each.sqlite, std::array{each.from});
        for (const modifier_entry& each : modifier_table()) {
            check(each.stored, std::array{each.of, type::int4, type::int4});
            check(each.asked, std::array{each.of, type::int4, type::int4});
        }
    }

    TEST_CASE("the forms without a name are SQLite's")
    {
        test::dialect_file file;
        const std::array types{type::text_array, type::int4};
        for (const std::string_view each : form::all) {
            std::string sql = filled(each, types);
            if (!sql.starts_with("SELECT"))
                sql.insert(0, "SELECT ");
            CAPTURE(sql);
            const auto prepared = file.db().prepare(sql);
            CHECK_MESSAGE(prepared.has_value(), prepared.error().message);
        }
    }

    TEST_CASE("no overload stands twice")
    {
        std::set<std::pair<std::string_view, std::vector<oid>>> seen;
        for (const function_entry& each : function_table()) {
            const auto types = each.arguments.types();
            CAPTURE(each.name);
            // count(*) and count(x) differ; a variadic function may also have a form without any.
            CHECK(seen.insert({each.name, {types.begin(), types.end()}}).second);
        }
        std::set<std::tuple<std::string_view, oid, oid>> operators;
        for (const operator_entry& each : operator_table()) {
            CAPTURE(each.name);
            CHECK(operators.insert({each.name, each.left, each.right}).second);
        }
    }
}
