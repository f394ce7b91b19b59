// PURE. What `weir status` and `weir who` print for people, from what the console answered; `weir
// top` is made of the same tables.
#pragma once

#include "daemon/view/answer.hpp"
#include "daemon/view/text_table.hpp"

#include <string>
#include <vector>

namespace weir::view {

struct pools_answer {
    answer backends; // SHOW BACKENDS, and so on
    answer pools;
    answer averages;
    answer migrations;
};

struct holders_answer {
    answer holders;
    answer pins;
    answer waiters;
};

using lines = std::vector<std::string>;

// SHOW BACKENDS but for the session lanes that have neither clients nor connections.
answer backends_in_use(const answer& backends);

text_table table_of_pools(const pools_answer& now);
text_table table_of_holders(const holders_answer& now);
text_table table_of_waiters(const holders_answer& now);

// What there is to say of each backend that is not as it should be, one line each.
lines troubles(const pools_answer& now);

lines status_page(const pools_answer& now, bool has_colours);
lines who_page(const holders_answer& now, bool has_colours);

} // namespace weir::view
