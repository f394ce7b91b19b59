#include "pool/postgres/login.hpp"

#include "pool/postgres/host_list.hpp"
#include "pool/postgres/server_error.hpp"
#include "pool/postgres/stop_event.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace weir::postgres {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

enum class outcome : std::uint8_t {
    logged_in,
    refused, // libpq has the words
    silent,  // one host used up its share of the time
    stopped,
};

bool libpq_knows(std::string_view keyword)
{
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> all{PQconndefaults(),
                                                                             PQconninfoFree};
    for (const PQconninfoOption* option = all.get(); option && option->keyword; ++option)
        if (option->keyword == keyword)
            return true;
    return false;
}

// To libpq the last value of a keyword counts: a default goes first, what must hold goes last.
connection start(const parameter_list& options)
{
    static const bool knows_versions = libpq_knows("max_protocol_version");
    std::vector<const char*> names{"fallback_application_name"};
    std::vector<const char*> values{"weir"};
    const auto add = [&](const char* name, const char* value) {
        names.push_back(name);
        values.push_back(value);
    };
    for (const auto& [name, value] : options)
        add(name.c_str(), value.c_str());
    add("gssencmode", "disable"); // it would hide the bytes from the relay
    if (knows_versions)
        add("max_protocol_version", "3.0"); // what weir speaks to its clients
    add(nullptr, nullptr);
    return connection{PQconnectStartParams(names.data(), values.data(), 0)};
}

void forward_notice(void* handler, const PGresult* notice)
{
    const auto field = [&](int code) {
        const char* text = PQresultErrorField(notice, code);
        return std::string{text ? text : ""};
    };
    if (const auto& tell = *static_cast<const notice_handler*>(handler); tell)
        tell(field(PG_DIAG_SEVERITY) + ": " + field(PG_DIAG_MESSAGE_PRIMARY));
}

// Waits until the socket is ready for libpq's next step; nothing when it is.
std::optional<outcome>
wait(int fd, PostgresPollingStatusType want, clock::time_point until, int stop_fd)
{
    std::array<pollfd, 2> watched{{
        {fd, static_cast<short>(want == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0},
        {stop_fd, POLLIN, 0},
    }};
    for (auto now = clock::now(); now < until; now = clock::now()) {
        const auto left = std::min<milliseconds>(std::chrono::ceil<milliseconds>(until - now), 1h);
        const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
        if (watched[1].revents != 0)
            return outcome::stopped;
        if (ready > 0)
            return std::nullopt;
    }
    return outcome::silent;
}

// Steps until the server lets us in, libpq gives up, or one host has used up its `patience`.
outcome drive(PGconn* connection, milliseconds patience, clock::time_point deadline, int stop_fd)
{
    std::string host, port;
    clock::time_point until;
    // libpq: wait as if it had asked for writing before the first step.
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (PQstatus(connection) != CONNECTION_BAD) {
        if (host != PQhost(connection) || port != PQport(connection)) {
            host = PQhost(connection);
            port = PQport(connection);
            until = std::min(clock::now() + patience, deadline);
        }
        // Each step asks for the socket again: with several hosts it is a new one, mostly under the
        // same number.
        if (const auto end = wait(PQsocket(connection), want, until, stop_fd))
            return *end;
        want = PQconnectPoll(connection);
        if (want == PGRES_POLLING_OK)
            return outcome::logged_in;
        if (want == PGRES_POLLING_FAILED)
            break;
    }
    return outcome::refused;
}

// In libpq's style, which has a sentence for everything else that can befall a host.
std::string silence(const PGconn* connection, milliseconds patience)
{
    const std::string host = PQhost(connection);
    const std::string port = PQport(connection);
    const std::string where = host.starts_with('/')
                                  ? "on socket \"" + host + "/.s.PGSQL." + port + '"'
                                  : "at \"" + host + "\", port " + port;
    return "connection to server " + where + " failed: no answer within " +
           std::to_string(patience.count()) + " ms";
}

// connect_timeout in libpq's meaning: whole seconds, 0 or less is no limit, 1 counts as 2.
result<milliseconds> host_limit(const parameter_list& options)
{
    int seconds = 0;
    for (const auto& [name, value] : options) {
        if (name != "connect_timeout" || value.empty())
            continue;
        const auto [end, failed] =
            std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (failed != std::errc{} || end != value.data() + value.size())
            return error{"08001", "connect_timeout is not a number of seconds: " + value};
    }
    return seconds <= 0 ? milliseconds::max() : std::chrono::seconds{std::max(seconds, 2)};
}

} // namespace

result<connection> log_in(const parameter_list& options,
                          milliseconds timeout,
                          std::stop_token stop,
                          const notice_handler& on_notice)
{
    const auto limit = host_limit(options);
    if (!limit)
        return limit.error();
    const clock::time_point deadline = clock::now() + timeout;
    const stop_event stopped{std::move(stop)};
    std::string silent; // the hosts that were given up, for the message
    for (host_list hosts{options};;) {
        // libpq asks for the name's address and connects in here, so a stop may already be due.
        connection opened = start(hosts.options());
        if (!opened)
            return error{"53200", "out of memory for a new connection"};
        PQsetNoticeReceiver(opened.get(), forward_notice, const_cast<notice_handler*>(&on_notice));
        PQsetErrorVerbosity(opened.get(), PQERRORS_VERBOSE); // or the SQLSTATE would be lost

        const auto left = std::chrono::ceil<milliseconds>(deadline - clock::now());
        const milliseconds share = left / std::max<long>(static_cast<long>(hosts.size()), 1);
        const milliseconds patience = std::clamp<milliseconds>(share, 0ms, *limit);
        switch (drive(opened.get(), patience, deadline, stopped.descriptor())) {
        case outcome::logged_in: return opened;
        case outcome::refused: {
            error why = server_error(PQerrorMessage(opened.get()));
            why.message.insert(0, silent);
            return why;
        }
        case outcome::stopped: return error{"57P01", "the login was stopped"};
        case outcome::silent:
            silent += silence(opened.get(), patience);
            if (!hosts.drop(PQhost(opened.get()), PQport(opened.get())) || hosts.size() == 0 ||
                clock::now() >= deadline)
                return error{"08001", silent};
            silent += "; ";
        }
    }
}

} // namespace weir::postgres
