// Talks over a link as the relay does: raw frames, without blocking, until the server is ready.
#pragma once

#include "pool/core/link.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/writer.hpp"

#include <poll.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct frame {
    char type;
    std::string body;
};

class conversation {
public:
    explicit conversation(link& server) : server_(server) {}

    // Offers the bytes in `pieces` of uneven sizes; after the server blocked, in other ones.
    void send(std::string_view bytes, std::size_t pieces = 1)
    {
        for (std::size_t offered = pieces; !bytes.empty(); offered = offered % pieces + 1) {
            const io_result moved = server_.write(cut(bytes, offered));
            if (moved.status == io_status::closed)
                throw std::runtime_error("the server is gone while we write");
            if (moved.status == io_status::blocked)
                ++blocked_;
            bytes.remove_prefix(moved.bytes);
            if (moved.status == io_status::blocked)
                wait(POLLOUT);
        }
    }

    // The frames up to and with the next ReadyForQuery, or the end of the connection.
    std::vector<frame> receive()
    {
        std::vector<frame> frames;
        do {
            while (received_.size() > 0) {
                pgwire::frame_header header;
                const auto status = pgwire::scan_header(pgwire::as_bytes(received_), header);
                if (status == pgwire::scan_status::malformed)
                    throw std::runtime_error("that is no frame");
                if (status != pgwire::scan_status::frame || received_.size() < header.size())
                    break;
                frames.push_back({header.type, received_.substr(5, header.body_size)});
                received_.erase(0, header.size());
                if (header.type == 'Z')
                    return frames;
            }
        } while (read_some());
        return frames;
    }

    std::vector<frame> query(std::string_view sql, std::size_t pieces = 1)
    {
        std::string message;
        pgwire::write_query(message, sql);
        send(message, pieces);
        return receive();
    }

    // The first column of the first row; an error's words if there is none.
    std::string value(std::string_view sql)
    {
        std::string words = "(no row)";
        for (const frame& f : query(sql)) {
            if (f.type == 'E')
                words = error_field(f, 'C') + " " + error_field(f, 'M');
            if (f.type != 'D')
                continue;
            pgwire::field_reader fields{pgwire::as_bytes(f.body)};
            fields.u16();
            const std::uint32_t size = fields.u32();
            return std::string{pgwire::as_text(fields.raw(size))};
        }
        return words;
    }

    static std::string error_field(const frame& error, char code)
    {
        pgwire::field_reader fields{pgwire::as_bytes(error.body)};
        for (char c; (c = static_cast<char>(fields.u8())) != '\0';)
            if (const std::string_view text = fields.text(); c == code)
                return std::string{text};
        return {};
    }

    // Waits for bytes and takes what there is; false at the connection's end.
    bool read_some()
    {
        for (;;) {
            const io_result got = server_.read(scratch_);
            if (got.status == io_status::closed)
                return false;
            received_ += pgwire::as_text(std::span{scratch_}.first(got.bytes));
            if (got.bytes > 0)
                return true;
            wait(POLLIN);
        }
    }

    const std::string& received() const { return received_; } // what is not yet a whole frame
    unsigned blocked() const { return blocked_; }             // times that a write had to wait

private:
    static std::vector<iovec> cut(std::string_view bytes, std::size_t pieces)
    {
        std::vector<iovec> cuts;
        for (std::size_t i = 1; i <= pieces && !bytes.empty(); ++i) {
            const std::size_t size =
                i == pieces ? bytes.size() : std::min(bytes.size(), i * i * 977);
            cuts.push_back({const_cast<char*>(bytes.data()), size});
            bytes.remove_prefix(size);
        }
        if (pieces > 1 && cuts.size() > 1)
            cuts.pop_back(); // not everything at once either
        return cuts;
    }

    void wait(short events)
    {
        pollfd watched{server_.descriptor(), events, 0};
        if (::poll(&watched, 1, 60'000) != 1)
            throw std::runtime_error("nothing happened for a minute");
    }

    link& server_;
    std::vector<std::byte> scratch_ = std::vector<std::byte>(64 * 1024);
    std::string received_;
    unsigned blocked_ = 0;
};

} // namespace weir::test
