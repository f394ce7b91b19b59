// A statement with its parameters, on the way to its rows: PostgreSQL's portal. It may stop after
// some rows and go on later.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/channel.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/open_file.hpp"
#include "pool/sqlite/values.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir::sqlite {

// Decoded parameters; the values are views into the texts beside them.
struct parameter_values {
    std::vector<value> values;
    std::vector<std::string> texts;

    parameter_values() = default;
    parameter_values(parameter_values&&) = default; // moved, the texts stay where they are
    parameter_values& operator=(parameter_values&&) = default;
};

class portal {
public:
    // An empty plan is the empty query. `formats` holds one for each column.
    portal(std::shared_ptr<const analysed_statement> plan,
           parameter_values parameters,
           std::vector<wire_format> formats);
    portal(portal&& other) noexcept = default;
    portal& operator=(portal&& other) noexcept = default;
    ~portal();

    const std::shared_ptr<const analysed_statement>& plan() const { return plan_; }
    parameter_values take_parameters() { return std::move(parameters_); } // for a cursor
    const std::vector<wire_format>& formats() const { return formats_; }

    // Sends up to `limit` rows, 0 for all. `place` is where it begins; going on, it stays there.
    struct progress {
        std::int64_t rows = 0; // sent, or changed by a statement that returns none
        bool has_more = false; // stopped by the limit
    };
    result<progress> run(open_file& place,
                         channel& to,
                         std::size_t limit,
                         std::span<const wire_format> formats,
                         const output_settings& settings);

    // Before the connection changes what the rest of the rows depends on: reads them all now.
    void collect(const open_file& at);

private:
    using kept_row = std::vector<std::pair<value, std::string>>; // with the bytes of its own

    result<void> start(open_file& place);
    // Both go to the next row, or say false when there is none left: from memory or the statement,
    // and from the statement.
    result<bool> next();
    result<bool> step();
    void append_row(std::string& out,
                    std::span<const wire_format> formats,
                    const output_settings& settings) const;
    void stop();

    std::shared_ptr<const analysed_statement> plan_;
    parameter_values parameters_;
    std::vector<wire_format> formats_;
    open_file* at_ = nullptr; // where running_ runs
    statement running_;
    bool is_done_ = false;
    std::int64_t changes_ = 0;
    std::deque<kept_row> collected_;
    kept_row row_;                 // the current one, when it comes from there
    std::optional<error> trouble_; // met while collecting, told in its turn
};

} // namespace weir::sqlite
