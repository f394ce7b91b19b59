// A text that must not be seen: it prints as ***, and only a call that says so reads it.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace weir {

class secret {
public:
    secret() = default;
    explicit secret(std::string text) : text_(std::move(text)) {}

    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

    friend bool operator==(const secret&, const secret&) = default;
    friend std::ostream& operator<<(std::ostream& out, const secret&) { return out << "***"; }

private:
    std::string text_;
};

} // namespace weir
