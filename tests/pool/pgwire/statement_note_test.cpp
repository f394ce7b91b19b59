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

} // namespace weir::pgwire
