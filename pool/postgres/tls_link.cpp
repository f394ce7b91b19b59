#include "pool/postgres/tls_link.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace weir::postgres {

namespace {

constexpr std::size_t record_limit = SSL3_RT_MAX_PLAIN_LENGTH; // 16 kB

// Walks through the caller's pieces.
class piece_reader {
public:
    explicit piece_reader(std::span<const iovec> pieces) : pieces_(pieces) {}

    std::size_t skip(std::size_t size)
    {
        std::size_t skipped = 0;
        for (auto piece = front(); skipped < size && !piece.empty(); piece = front())
            skipped += advance(std::min(piece.size(), size - skipped));
        return skipped;
    }

    // The next bytes for one record, empty at the end: where they lie if that is one piece, else
    // copied together.
    std::span<const std::byte> next(std::span<std::byte, record_limit> scratch)
    {
        const std::span<const std::byte> whole = front();
        if (whole.size() >= record_limit || whole.size() == rest()) {
            const std::size_t size = std::min(whole.size(), record_limit);
            advance(size);
            return whole.first(size);
        }
        std::size_t filled = 0;
        for (auto piece = whole; filled < record_limit && !piece.empty(); piece = front()) {
            const std::size_t size = std::min(piece.size(), record_limit - filled);
            std::memcpy(scratch.data() + filled, piece.data(), size);
            filled += advance(size);
        }
        return scratch.first(filled);
    }

private:
    std::span<const std::byte> front() // empty only at the end
    {
        for (; !pieces_.empty(); pieces_ = pieces_.subspan(1), offset_ = 0)
            if (const iovec& piece = pieces_.front(); offset_ < piece.iov_len)
                return {static_cast<const std::byte*>(piece.iov_base) + offset_,
                        piece.iov_len - offset_};
        return {};
    }

    std::size_t advance(std::size_t size)
    {
        offset_ += size;
        return size;
    }

    std::size_t rest() const
    {
        std::size_t size = 0;
        for (const iovec& piece : pieces_)
            size += piece.iov_len;
        return size - offset_;
    }

    std::span<const iovec> pieces_;
    std::size_t offset_ = 0; // into the first piece
};

} // namespace

tls_link::tls_link(connection logged_in)
    : server_link(std::move(logged_in)), ssl_(static_cast<SSL*>(PQsslStruct(libpq(), "OpenSSL")))
{
    assert(ssl_);
    // A record goes out whole or not at all, and when it is tried again it may lie elsewhere; a
    // read does not stop at a session ticket, or the bytes behind it would wait for an edge that
    // has passed.
    SSL_clear_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_set_mode(ssl_, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    // One recv takes header, body and what follows, instead of one for each header and body. What
    // then lies decrypted or not in the SSL object no poll shows, so a read goes on to WANT_READ.
    SSL_set_read_ahead(ssl_, 1);
}

// Says close_notify, so that the server does not log a broken connection. This completes no
// message: a record that is stuck stays cut off, since nothing may overtake it.
tls_link::~tls_link()
{
    ERR_clear_error();
    SSL_shutdown(ssl_);
}

io_result tls_link::read(std::span<std::byte> into)
{
    assert(!into.empty());
    io_result got;
    while (got.bytes < into.size()) {
        const auto room = into.subspan(got.bytes);
        std::size_t size = 0;
        ERR_clear_error(); // SSL_get_error looks at this thread's whole queue
        if (const int ok = SSL_read_ex(ssl_, room.data(), room.size(), &size); ok == 1) {
            got.bytes += size;
            continue;
        } else if (got.bytes == 0) {
            // To read, TLS may also want to write, in a renegotiation: PostgreSQL never asks for
            // one, and to wait for it could be to wait for ever.
            const bool wants_more = SSL_get_error(ssl_, ok) == SSL_ERROR_WANT_READ;
            got.status = wants_more ? io_status::blocked : io_status::closed;
        }
        break;
    }
    return got;
}

io_result tls_link::write(std::span<const iovec> from)
{
    if (!stuck_.empty()) {
        if (const io_status status = send_record(stuck_); status != io_status::done)
            return {0, status};
        sent_ahead_ = stuck_.size();
        stuck_.clear();
    }
    piece_reader pieces{from};
    io_result moved{pieces.skip(sent_ahead_)};
    sent_ahead_ -= moved.bytes;

    std::array<std::byte, record_limit> scratch;
    for (auto record = pieces.next(scratch); !record.empty(); record = pieces.next(scratch)) {
        const io_status status = send_record(record);
        if (status == io_status::blocked)
            stuck_.assign(record.begin(), record.end());
        if (status != io_status::done) {
            if (moved.bytes == 0)
                moved.status = status;
            break;
        }
        moved.bytes += record.size();
    }
    return moved;
}

io_status tls_link::send_record(std::span<const std::byte> plain_text)
{
    std::size_t size = 0;
    ERR_clear_error();
    const int ok = SSL_write_ex(ssl_, plain_text.data(), plain_text.size(), &size);
    if (ok == 1)
        return io_status::done;
    return SSL_get_error(ssl_, ok) == SSL_ERROR_WANT_WRITE ? io_status::blocked : io_status::closed;
}

} // namespace weir::postgres
