// The text of a settings file -> a tree of keys and values: JSON, with comments allowed. What the
// keys mean is load()'s affair.
#pragma once

#include "config/complaint.hpp"
#include "config/knobs.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

struct file_node {
    raw_value value;        // of an object: only how to name it in a complaint
    bool is_object = false; // and then `children` are its keys, sorted
    std::vector<std::pair<std::string, file_node>> children = {};
};

// The whole file's object. Nothing, with a complaint about the file called `name`, when the text is
// no JSON object; a key given twice is a complaint too.
std::optional<file_node>
parse_settings_file(std::string_view text, const std::string& name, complaints& wrong);

} // namespace weir
