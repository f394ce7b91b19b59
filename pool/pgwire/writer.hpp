// Builds messages of the PostgreSQL v3 protocol, both directions, at the end of a caller's string.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::pgwire {

// One message: the type at construction, fields in order, and the length is filled in by the
// destructor.   { message m{out, 'C'}; m.text("SELECT 1"); }
class message {
public:
    message(std::string& out, char type);
    ~message();
    message(const message&) = delete;
    message& operator=(const message&) = delete;

    message& u8(std::uint8_t value);
    message& u16(std::uint16_t value);
    message& u32(std::uint32_t value);
    message& u64(std::uint64_t value);
    message& text(std::string_view value); // adds the NUL; an embedded NUL ends the text
    message& raw(std::string_view value);
    message& raw(bytes value) { return raw(as_text(value)); }

private:
    std::string& out_;
    std::size_t length_at_;
};

// For a message whose body follows from elsewhere.
void write_header(std::string& out, char type, std::uint32_t body_size);

enum class severity : std::uint8_t { error, fatal, notice, warning };

// ErrorResponse or NoticeResponse with severity (S and V), code, message and what else is not
// empty.
void write_error(std::string& out, const error& what, severity how = severity::error);
void write_ready(std::string& out, char transaction_status); // 'I', 'T' or 'E'
void write_command_complete(std::string& out, std::string_view tag);
void write_parameter_status(std::string& out, std::string_view name, std::string_view value);
void write_query(std::string& out, std::string_view sql); // a simple Query

} // namespace weir::pgwire
