// Exact decimals against the answers of PostgreSQL 15.
#include "pool/sqlite/decimal.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::sqlite;

namespace {

std::string text_of(const result<decimal>& answer)
{
    return answer ? answer->text() : "ERROR " + std::string(answer.error().code.text());
}

decimal number(std::string_view text) { return decimal::parse(text).value(); }

struct calculation {
    std::string_view operation;
    std::string_view left;
    std::string_view right; // empty when the operation has one operand
    std::string_view answer;
};

const calculation calculations[] = {
    {"+", "1.10", "2.205", "3.305"},
    {"+", "99999999999999999999", "1", "100000000000000000000"},
    {"+", "-0.5", "0.5", "0.0"},
    {"+", "NaN", "1", "NaN"},
    {"+", "Infinity", "-Infinity", "NaN"},
    {"-", "1", "0.0001", "0.9999"},
    {"-", "10000", "0.9999", "9999.0001"},
    {"*", "1.10", "2.0", "2.200"},
    {"*", "99999999.99", "-99999999.99", "-9999999998000000.0001"},
    {"*", "Infinity", "0", "NaN"},
    {"/", "1", "3", "0.33333333333333333333"},
    {"/", "10", "4", "2.5000000000000000"},
    {"/", "2", "3.000", "0.66666666666666666667"},
    {"/", "1000000", "7", "142857.142857142857"},
    {"/", "0.0001", "3", "0.000033333333333333333333"},
    {"/", "1", "0", "ERROR 22012"},
    {"/", "-7", "2", "-3.5000000000000000"},
    {"/", "123456789012345678901234567890", "987654321", "124999998873437499902"},
    {"/", "1", "Infinity", "0"},
    {"%", "7.5", "2", "1.5"},
    {"%", "-7", "3", "-1"},
    {"%", "5", "0", "ERROR 22012"},
    {"div", "7.9", "2", "3"},
    {"div", "-7", "2", "-3"},
    {"power", "2", "10", "1024.0000000000000000"},
    {"power", "2", "0.5", "1.4142135623730950"},
    {"power", "1.0001", "10000", "2.7181459268252249"},
    {"power", "0", "-1", "ERROR 2201F"},
    {"power", "-8", "0.333", "ERROR 2201F"},
    {"power", "2", "-3", "0.1250000000000000"},
    {"power",
     "10",
     "200",
     "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000.0000000000000000"},
    {"log", "2", "64", "6.0000000000000000"},
    {"log", "10", "2", "0.3010299956639812"},
    {"log", "10", "0", "ERROR 2201E"},
    {"sqrt", "2", "", "1.414213562373095"},
    {"sqrt", "144", "", "12.000000000000000"},
    {"sqrt", "0.0001", "", "0.01000000000000000"},
    {"sqrt", "-1", "", "ERROR 2201F"},
    {"sqrt", "12345678901234567890", "", "3513641828.8201443"},
    {"exp", "1", "", "2.7182818284590452"},
    {"exp", "-2.5", "", "0.08208499862389880"},
    {"exp", "100", "", "26881171418161354484126255515800135873611119"},
    {"exp", "7000", "", "ERROR 22003"},
    {"ln", "2", "", "0.6931471805599453"},
    {"ln", "0.5", "", "-0.6931471805599453"},
    {"ln", "1.0000001", "", "0.00000009999999500000033"},
    {"ln", "1e100", "", "230.25850929940457"},
    {"ln", "0", "", "ERROR 2201E"},
    {"ceil", "-1.5", "", "-1"},
    {"ceil", "1.0001", "", "2"},
    {"floor", "-1.0001", "", "-2"},
    {"floor", "2.99", "", "2"},
    {"trim_scale", "1.2300", "", "1.23"},
    {"round", "2.5", "0", "3"},
    {"round", "-2.5", "0", "-3"},
    {"round", "1.005", "2", "1.01"},
    {"round", "9999.9999", "3", "10000.000"},
    {"round", "12345", "-2", "12300"},
    {"round", "49", "-2", "0"},
    {"round", "0.00005", "4", "0.0001"},
    {"trunc", "2.567", "1", "2.5"},
    {"trunc", "-2.9", "0", "-2"},
    {"trunc", "12345", "-2", "12300"},
};

struct reading {
    std::string_view text;
    std::string_view answer;
};

const reading readings[] = {
    {" 12.50 ", "12.50"},
    {"-0", "0"},
    {"1e3", "1000"},
    {"1.5e-3", "0.0015"},
    {".5", "0.5"},
    {"5.", "5"},
    {"NaN", "NaN"},
    {"inf", "Infinity"},
    {"-Infinity", "-Infinity"},
    {"+7", "7"},
    {"1_0", "ERROR 22P02"},
    {"abc", "ERROR 22P02"},
    {"", "ERROR 22P02"},
    {".", "ERROR 22P02"},
    {"1e", "ERROR 22P02"},
    {"--1", "ERROR 22P02"},
    {"0x1", "ERROR 22P02"},
    {"1e200000", "ERROR 22003"},
    {"00012", "12"},
    {"0.000", "0.000"},
    {"12 3", "ERROR 22P02"},
};

result<decimal> calculate(const calculation& c)
{
    const decimal a = number(c.left);
    const decimal b = c.right.empty() ? decimal{} : number(c.right);
    using work = result<decimal> (*)(const decimal&, const decimal&);
    static const std::map<std::string_view, work> operations{
        {"+", [](const decimal& x, const decimal& y) -> result<decimal> { return add(x, y); }},
        {"-", [](const decimal& x, const decimal& y) -> result<decimal> { return subtract(x, y); }},
        {"*", [](const decimal& x, const decimal& y) -> result<decimal> { return multiply(x, y); }},
        {"/", divide},
        {"%", modulo},
        {"div", divide_truncated},
        {"power", power},
        {"log", logarithm},
        {"sqrt", [](const decimal& x, const decimal&) { return square_root(x); }},
        {"exp", [](const decimal& x, const decimal&) { return exponential(x); }},
        {"ln", [](const decimal& x, const decimal&) { return natural_logarithm(x); }},
        {"ceil", [](const decimal& x, const decimal&) -> result<decimal> { return x.ceiling(); }},
        {"floor", [](const decimal& x, const decimal&) -> result<decimal> { return x.floor(); }},
        {"trim_scale",
         [](const decimal& x, const decimal&) -> result<decimal> { return x.trimmed(); }},
        {"round",
         [](const decimal& x, const decimal& y) -> result<decimal> {
             return x.rounded(static_cast<std::int32_t>(y.to_int64().value()));
         }},
        {"trunc",
         [](const decimal& x, const decimal& y) -> result<decimal> {
             return x.truncated(static_cast<std::int32_t>(y.to_int64().value()));
         }},
    };
    return operations.at(c.operation)(a, b);
}

} // namespace

TEST_SUITE("sqlite decimal")
{
    TEST_CASE("results have PostgreSQL's digits and scales")
    {
        for (const calculation& each : calculations) {
            CAPTURE(each.operation);
            CAPTURE(each.left);
            CAPTURE(each.right);
            CHECK(text_of(calculate(each)) == each.answer);
        }
    }

    TEST_CASE("texts are read as numeric_in reads them")
    {
        for (const reading& each : readings) {
            CAPTURE(each.text);
            CHECK(text_of(decimal::parse(each.text)) == each.answer);
        }
    }

    TEST_CASE("the order is by value, with NaN at the end")
    {
        const std::string_view ordered[] = {"-Infinity",
                                            "-100.5",
                                            "-100",
                                            "-0.01",
                                            "0",
                                            "0.000001",
                                            "9.99",
                                            "10",
                                            "1e30",
                                            "Infinity",
                                            "NaN"};
        for (const auto& a : ordered)
            for (const auto& b : ordered) {
                CAPTURE(a);
                CAPTURE(b);
                CHECK((compare(number(a), number(b)) < 0) == (&a < &b));
            }
        CHECK(compare(number("1.50"), number("1.5")) == 0);
        CHECK(compare(number("-0.0"), number("0")) == 0);
    }

    TEST_CASE("int64 is reached and not passed")
    {
        CHECK(number("9223372036854775807").to_int64().value() == INT64_MAX);
        CHECK(number("-9223372036854775808").to_int64().value() == INT64_MIN);
        CHECK(number("9223372036854775807.5").to_int64().error().code == sqlstate{"22003"});
        CHECK(number("-9223372036854775808.5").to_int64().error().code == sqlstate{"22003"});
        CHECK(number("-2.5").to_int64().value() == -3);
        CHECK(number("NaN").to_int64().error().code == sqlstate{"0A000"});
        CHECK(decimal{INT64_MIN}.text() == "-9223372036854775808");
    }

    TEST_CASE("numeric(p, s) rounds what fits and refuses the rest")
    {
        const auto modifier = [](int precision, int scale) {
            return (precision << 16 | (scale & 0x7ff)) + 4;
        };
        CHECK(number("123.455").fitted(modifier(5, 2)).value().text() == "123.46");
        CHECK(number("999.995").fitted(modifier(5, 2)).error().code == sqlstate{"22003"});
        CHECK(number("0.001234").fitted(modifier(3, 5)).value().text() == "0.00123");
        CHECK(number("12345").fitted(modifier(3, -2)).value().text() == "12300");
        CHECK(number("NaN").fitted(modifier(3, 1)).value().text() == "NaN");
        CHECK(number("Infinity").fitted(modifier(3, 1)).error().detail ==
              "A field with precision 3, scale 1 cannot hold an infinite value.");
        CHECK(number("1.50").fitted(-1).value().text() == "1.50");
    }

    TEST_CASE("floats come with the digits that are sure")
    {
        CHECK(decimal::from_double(0.1).text() == "0.1");
        CHECK(decimal::from_double(1e22).text() == "10000000000000000000000");
        CHECK(decimal::from_float(0.1f).text() == "0.1");
        CHECK(number("0.1").to_double() == 0.1);
    }
}
