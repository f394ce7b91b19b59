#include "pool/pgwire/statement_note.hpp"

#include <doctest/doctest.h>

#include <string>

namespace weir::pgwire {

TEST_CASE("a note keeps the front of the last statement that is not the end of the transaction")
{
    using namespace std::string_view_literals;
    statement_note note;
    CHECK(note.text().empty());
    note.take("SELECT 1\0and parameter types"sv);
    CHECK(note.text() == "SELECT 1");
    for (const auto end : {"COMMIT"sv, "commit;"sv, "END"sv, "ROLLBACK TO a"sv, "Abort\0\0"sv}) {
        note.take(end);
        CHECK(note.text() == "SELECT 1");
    }
    note.take("CREATE TABLE");
    CHECK(note.text() == "CREATE TABLE");
    note.take(std::string(1'000, 'x'));
    CHECK(note.text() == std::string(statement_note::most, 'x'));
    note.take("");
    CHECK(note.text().empty());
    note.take("SELECT 2");
    note.clear();
    CHECK(note.text().empty());
}

TEST_CASE("where it is looked at more closely, the whole statement and its rows are kept")
{
    statement_note note;
    CHECK_FALSE(note.take_news());
    note.take("SELECT 1");
    CHECK(note.take_news());
    CHECK_FALSE(note.take_news());
    CHECK(note.whole().empty());
    note.keep_whole(true);
    note.take(std::string(1'000, 'x') + '\0' + "types");
    CHECK(note.whole() == std::string(1'000, 'x'));
    for (const auto& [tag, rows] : {std::pair{"SELECT 7", 7u},
                                    {"INSERT 0 12", 12u},
                                    {"CREATE TABLE", 0u},
                                    {"BEGIN", 0u},
                                    {"", 0u}}) {
        note.complete(tag);
        CHECK(note.rows() == rows);
    }
    CHECK(note.take_news());
    note.take("COMMIT");
    CHECK_FALSE(note.take_news());
    note.clear();
    CHECK_FALSE(note.keeps_whole());
}

} // namespace weir::pgwire
