#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

namespace weir::sqlite {

namespace {

constexpr int deepest = 6'000; // levels; PostgreSQL's own limit is its stack

// One pass over RFC 8259's grammar. Each value is returned in jsonb's form; json keeps its text
// and only needs to know that the pass succeeds.
class json_reader {
public:
    explicit json_reader(std::string_view text) : text_(text), rest_(text) {}

    result<std::string> read()
    {
        std::string out;
        skip_space();
        if (!read_value(out, 0))
            return trouble_ ? *trouble_ : invalid();
        skip_space();
        if (!rest_.empty())
            return invalid();
        return out;
    }

private:
    using member = std::pair<std::string, std::string>; // both printed

    bool read_value(std::string& out, int depth)
    {
        if (depth > deepest) {
            trouble_ = error{"54001", "stack depth limit exceeded"};
            return false;
        }
        if (rest_.empty())
            return false;
        switch (rest_.front()) {
        case '{': return read_object(out, depth);
        case '[': return read_array(out, depth);
        case '"': return read_string(out);
        case 't': return accept_word("true", out);
        case 'f': return accept_word("false", out);
        case 'n': return accept_word("null", out);
        default: return read_number(out);
        }
    }

    bool read_object(std::string& out, int depth)
    {
        std::vector<member> members;
        rest_.remove_prefix(1);
        skip_space();
        if (!accept('}')) {
            do {
                member m;
                skip_space();
                if (!rest_.starts_with('"') || !read_string(m.first))
                    return false;
                skip_space();
                if (!accept(':'))
                    return false;
                skip_space();
                if (!read_value(m.second, depth + 1))
                    return false;
                members.push_back(std::move(m));
                skip_space();
            } while (accept(','));
            if (!accept('}'))
                return false;
        }
        print(out, members);
        return true;
    }

    // jsonb's order: shorter keys first, then by bytes; of equal keys the last one counts.
    static void print(std::string& out, std::vector<member>& members)
    {
        std::ranges::stable_sort(members, [](const member& a, const member& b) {
            return a.first.size() != b.first.size() ? a.first.size() < b.first.size()
                                                    : a.first < b.first;
        });
        out.push_back('{');
        bool first = true;
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (i + 1 < members.size() && members[i].first == members[i + 1].first)
                continue;
            out.append(std::exchange(first, false) ? "" : ", ");
            out.append(members[i].first).append(": ").append(members[i].second);
        }
        out.push_back('}');
    }

    bool read_array(std::string& out, int depth)
    {
        rest_.remove_prefix(1);
        out.push_back('[');
        skip_space();
        if (!accept(']')) {
            bool first = true;
            do {
                out.append(std::exchange(first, false) ? "" : ", ");
                skip_space();
                if (!read_value(out, depth + 1))
                    return false;
                skip_space();
            } while (accept(','));
            if (!accept(']'))
                return false;
        }
        out.push_back(']');
        return true;
    }

    bool read_string(std::string& out)
    {
        rest_.remove_prefix(1);
        out.push_back('"');
        while (!rest_.empty() && rest_.front() != '"') {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (static_cast<unsigned char>(c) < 0x20)
                return false;
            if (c != '\\')
                out.push_back(c);
            else if (!read_escape(out))
                return false;
        }
        out.push_back('"');
        return accept('"');
    }

    bool read_escape(std::string& out)
    {
        if (rest_.empty())
            return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        switch (c) {
        case '"':
        case '\\':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't': out.append({'\\', c}); return true;
        case '/': out.push_back('/'); return true;
        case 'u': return read_code_point(out);
        default: return false;
        }
    }

    bool read_code_point(std::string& out)
    {
        auto code = take_hex();
        if (!code)
            return false;
        if (*code == 0) {
            trouble_ = error{"22P05",
                             "unsupported Unicode escape sequence",
                             "\\u0000 cannot be converted to text."};
            return false;
        }
        if (*code >= 0xD800 && *code < 0xDC00) { // the second half of a pair must follow
            if (!rest_.starts_with("\\u"))
                return false;
            rest_.remove_prefix(2);
            const auto low = take_hex();
            if (!low || *low < 0xDC00 || *low > 0xDFFF)
                return false;
            code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
        } else if (*code >= 0xDC00 && *code < 0xE000) {
            return false;
        }
        append_code_point(out, *code);
        return true;
    }

    std::optional<std::uint32_t> take_hex()
    {
        if (rest_.size() < 4)
            return std::nullopt;
        std::uint32_t code = 0;
        for (const char c : rest_.substr(0, 4)) {
            const bool is_digit = c >= '0' && c <= '9';
            const char letter = static_cast<char>(c | 32);
            if (!is_digit && (letter < 'a' || letter > 'f'))
                return std::nullopt;
            code = code << 4 | static_cast<std::uint32_t>(is_digit ? c - '0' : letter - 'a' + 10);
        }
        rest_.remove_prefix(4);
        return code;
    }

    static void append_code_point(std::string& out, std::uint32_t code)
    {
        const auto add = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
        if (code == '"' || code == '\\') {
            out.append({'\\', static_cast<char>(code)});
        } else if (code < 0x20) {
            static constexpr std::string_view short_forms = "btn?fr"; // from 8
            char text[8];
            if (code >= 8 && code <= 13 && code != 11)
                std::snprintf(text, sizeof text, "\\%c", short_forms[code - 8]);
            else
                std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(code));
            out.append(text);
        } else if (code < 0x80) {
            add(code);
        } else if (code < 0x800) {
            add(0xC0 | code >> 6), add(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            add(0xE0 | code >> 12), add(0x80 | (code >> 6 & 0x3F)), add(0x80 | (code & 0x3F));
        } else {
            add(0xF0 | code >> 18), add(0x80 | (code >> 12 & 0x3F));
            add(0x80 | (code >> 6 & 0x3F)), add(0x80 | (code & 0x3F));
        }
    }

    bool read_number(std::string& out)
    {
        std::size_t size = 0;
        const auto digits = [&] {
            const std::size_t start = size;
            while (size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9')
                ++size;
            return size - start;
        };
        const auto is_next = [&](std::string_view any) {
            return size < rest_.size() && any.find(rest_[size]) != std::string_view::npos;
        };
        if (is_next("-"))
            ++size;
        const std::size_t whole_at = size, whole = digits();
        if (whole == 0 || (whole > 1 && rest_[whole_at] == '0'))
            return false;
        if (is_next(".")) {
            ++size;
            if (digits() == 0)
                return false;
        }
        if (is_next("eE")) {
            ++size;
            if (is_next("+-"))
                ++size;
            if (digits() == 0)
                return false;
        }
        const auto number = decimal::parse(rest_.substr(0, size));
        if (!number) {
            trouble_ = number.error();
            return false;
        }
        rest_.remove_prefix(size);
        out.append(number->text());
        return true;
    }

    bool accept_word(std::string_view word, std::string& out)
    {
        if (!rest_.starts_with(word))
            return false;
        rest_.remove_prefix(word.size());
        out.append(word);
        return true;
    }
    bool accept(char c)
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void skip_space()
    {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    }
    error invalid() const
    {
        error e{"22P02", "invalid input syntax for type json"};
        e.detail = rest_.empty() ? "The input string ended unexpectedly."
                                 : "Something unexpected stands at byte " +
                                       std::to_string(text_.size() - rest_.size() + 1) + '.';
        return e;
    }

    std::string_view text_;
    std::string_view rest_;
    std::optional<error> trouble_;
};

} // namespace

result<void> check_json(std::string_view text)
{
    const auto read = json_reader{text}.read();
    if (!read)
        return read.error();
    return {};
}

result<std::string> normalise_jsonb(std::string_view text) { return json_reader{text}.read(); }

} // namespace weir::sqlite
