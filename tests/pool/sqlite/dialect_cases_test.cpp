// The dialect end to end: the statements of dialect_cases/*.txt, each after "> ", and below it what
// PostgreSQL 15 answers: the columns' names and the rows, or "ERR" with SQLSTATE and message.
#include "tests/pool/sqlite/dialect_fixture.hpp"

#include <filesystem>
#include <fstream>

using namespace weir;

namespace {

struct answered {
    std::string sql;
    std::string answer;
};

std::vector<answered> read(const char* name)
{
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "dialect_cases";
    std::ifstream in(folder / (std::string(name) + ".txt"));
    REQUIRE(in);
    std::vector<answered> cases;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("> "))
            cases.push_back({line.substr(2), {}});
        else
            cases.back().answer += line + '\n';
    }
    return cases;
}

} // namespace

TEST_SUITE("sqlite dialect: answers")
{
    TEST_CASE("statements are answered as PostgreSQL answers them")
    {
        for (const char* name :
             {"queries", "changes", "distinct_on", "functions", "model", "statements"}) {
            CAPTURE(name);
            test::dialect_file file;
            const std::vector<answered> cases = read(name);
            CHECK(cases.size() > 10);
            for (const answered& each : cases) {
                CAPTURE(each.sql);
                CHECK(file.answer(each.sql) == each.answer);
            }
        }
    }
}
