// SQLite keeps a table's definition as the text of its CREATE TABLE, and can neither add nor drop
// most of what stands in it. So the text is edited, element by element, and put back into
// sqlite_schema, as SQLite's documentation describes (ALTER TABLE, section 7).
#pragma once

#include "pool/sqlite/catalog_edit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class table_text {
public:
    explicit table_text(std::string_view create_table);

    void add(std::string element); // at the end: a table constraint
    bool drop_constraint(std::string_view name);
    bool replace_column(std::string_view name, std::string element);
    std::string text() const;

    static table_text of(catalog_edit& edit, std::string_view table);
    void store(catalog_edit& edit, std::string_view table) const;

private:
    std::string head_; // up to and with the opening parenthesis
    std::vector<std::string> elements_;
    std::string tail_; // from the closing one
};

} // namespace weir::sqlite
