// The first packets of a client: who it is, which backend it wants, and what it is told.
#include "daemon/log.hpp"
#include "daemon/relay.hpp"
#include "pool/pgwire/startup.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>

namespace weir {

namespace {

constexpr std::uint8_t max_negotiations = 2; // SSLRequest and GSSENCRequest, once each

// The server would store such a value as it is, so it needs no server to find out.
bool is_plain_application_name(std::string_view value)
{
    return value.size() < 64 &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

} // namespace

// One packet at the front of `data`; answers its size, or 0 when more is needed or it is over.
std::size_t relay::start_up(client& c, std::string_view data)
{
    pgwire::startup_packet packet;
    switch (pgwire::parse_startup(pgwire::as_bytes(data), packet)) {
    case pgwire::scan_status::need_more: return 0;
    case pgwire::scan_status::malformed:
        farewell(c,
                 {"08P01", "invalid startup packet", {}, "weir speaks the PostgreSQL protocol."});
        return 0;
    case pgwire::scan_status::frame: break;
    }
    switch (packet.kind) {
    case pgwire::startup_kind::ssl_request:
    case pgwire::startup_kind::gss_request:
        if (++c.negotiations > max_negotiations)
            farewell(c, {"08P01", "encryption was refused, and asked for again"});
        else
            send(c, "N"); // the socket does not leave the host
        break;
    case pgwire::startup_kind::cancel: cancel_for(c, packet.process_id, packet.secret); break;
    case pgwire::startup_kind::old_protocol:
        farewell(c,
                 {"0A000",
                  "unsupported frontend protocol " + std::to_string(packet.version >> 16) + "." +
                      std::to_string(packet.version & 0xffff) + ": weir supports 3.0"});
        break;
    case pgwire::startup_kind::startup: open_session(c, packet); break;
    }
    return packet.size;
}

void relay::end_startup(const client& c)
{
    if (const auto id = static_cast<std::uint32_t>(c.id); logging_in_.contains(id))
        logging_in_.erase(id);
}

void relay::dismiss_silent_newcomers()
{
    while (const auto first = logging_in_.front()) {
        client& c = *find(static_cast<client_id>(*first));
        if (now_ - c.connected_at < settings_.client_login_timeout)
            return;
        farewell(c, {"08006", "no startup message came within client_login_timeout"});
    }
}

// A server for the whole connection, for applications that are known to need one.
pool_runner* relay::lane_for(pool_runner& pool, std::string_view application) const
{
    const auto& named = pool.books().settings().session_applications;
    const auto lane = lanes_.find(&pool);
    const bool needs_one = std::find(named.begin(), named.end(), application) != named.end();
    return needs_one && lane != lanes_.end() ? lane->second : &pool;
}

// Most clients have the name that the one before has.
std::shared_ptr<const std::string> relay::named(std::string_view user)
{
    if (!last_user_ || *last_user_ != user)
        last_user_ = std::make_shared<const std::string>(user);
    return last_user_;
}

std::optional<error> relay::refusal(const peer& who) const
{
    if (!settings_.is_allowed || settings_.is_allowed(who))
        return std::nullopt;
    return error{"28000",
                 "user id " + std::to_string(who.uid) + " may not connect",
                 {},
                 "listen.allow names the users and groups that may."};
}

void relay::open_session(client& c, const pgwire::startup_packet& packet)
{
    const std::string_view user = packet.find("user");
    c.user = named(user);
    std::string_view database = packet.find("database");
    if (database.empty())
        database = user;
    const auto found = by_database_.find(std::string(database));
    if (found != by_database_.end()) {
        c.home = lane_for(*found->second, packet.find("application_name"));
        c.home->note_clients(1);
    }

    if (user.empty())
        return farewell(c, {"28000", "no PostgreSQL user name specified in startup packet"});
    if (!c.home && host_ && (database == "weir" || database == "pgbouncer"))
        return open_console(c, packet);
    if (refuses_newcomers_)
        return farewell(c, {"57P03", "weir is shutting down"});
    if (const auto refused = refusal({c.pid, c.uid, c.gid, {}}))
        return farewell(c, *refused);
    if (in_use_ > settings_.max_client_conn)
        return farewell(c,
                        {"53300",
                         "sorry, too many clients already: max_client_conn is " +
                             std::to_string(settings_.max_client_conn)});
    if (const std::string_view r = packet.find("replication");
        !r.empty() && r != "false" && r != "off" && r != "0")
        return farewell(c, {"0A000", "replication connections are not served"});
    if (!c.home)
        return farewell(c,
                        {"3D000",
                         "database \"" + std::string(database) + "\" does not exist",
                         "weir serves " + backend_names() + "."});
    if (c.home->is_disabled())
        return farewell(c,
                        {"57P03",
                         "database \"" + std::string(database) + "\" is disabled",
                         "An operator has said DISABLE.",
                         "ENABLE on the console ends it."});
    auto asked = pgwire::startup_settings(packet.parameters);
    if (!asked)
        return farewell(c, asked.error());

    if (channels_.contains(c.home))
        c.session.share_channels();
    answer_version(packet);
    c.session.obey(c.home->rules());
    c.asked = c.home->registry().intern(std::move(*asked));
    end_startup(c);
    c.now = client::phase::settling;
    if (c.home->knows_servers() && !needs_settling(c)) {
        welcome(c);
    } else if (server* s = c.home->acquire(c.id, c.process, now_, c.settings)) {
        try_settings(c, *s); // there is a server, so needs_settling() has been asked
    } else {
        c.waiting = true;
    }
}

void relay::try_settings(client& c, server& s)
{
    lease(c, s);
    if (s.doing == server::errand::identity)
        return;
    if (up_.empty())
        return settle(c, s); // another client has brought the same
    if (c.home->has_catalog())
        touch_untracked(c, s);
    send(s, up_.view());
    up_.clear();
}

// What the server makes of their values ("5MB" of 5120kB) is asked for, so that clients with equal
// settings are seen to be equal.
void relay::touch_untracked(const client& c, server& s)
{
    pgwire::session_effects effects;
    for (const auto& [name, value] : *c.settings)
        if (!pgwire::is_tracked(name))
            effects.settings.push_back(name);
    s.replies.touch(effects);
}

// Settings that no server has judged yet are tried on one before the client is let in, so that it
// hears of a mistake where it would without weir; afterwards they are known.
bool relay::needs_settling(client& c)
{
    pool_runner& home = *c.home;
    if (c.asked->empty()) {
        c.settings = c.startup_settings = home.login_settings();
        return false;
    }
    pgwire::settings_map wanted = *home.login_settings();
    bool harmless = true;
    for (const auto& [name, value] : *c.asked) {
        const auto now = wanted.find(name);
        harmless = harmless && ((now != wanted.end() && now->second == value) ||
                                (name == "application_name" && is_plain_application_name(value)));
        wanted.insert_or_assign(name, value);
    }
    c.startup_settings = home.registry().intern(std::move(wanted));
    c.settings = harmless ? c.startup_settings : home.accepted_settings(c.startup_settings);
    if (c.settings) {
        c.startup_settings = c.settings;
        return false;
    }
    c.settings = c.startup_settings;
    return true;
}

// Its startup settings have been accepted.
void relay::let_in(client& c)
{
    c.home->accept_settings(c.startup_settings, c.settings);
    c.startup_settings = c.settings;
    welcome(c);
}

// Exactly one NegotiateProtocolVersion for a minor version or an option that we do not know.
void relay::answer_version(const pgwire::startup_packet& packet)
{
    std::vector<std::string_view> unknown;
    for (const auto& [name, value] : packet.parameters)
        if (name.starts_with("_pq_."))
            unknown.push_back(name);
    if (packet.version == pgwire::protocol_3_0 && unknown.empty())
        return;
    pgwire::message m{answers_, 'v'};
    m.u32(pgwire::protocol_3_0).u32(static_cast<std::uint32_t>(unknown.size()));
    for (const std::string_view name : unknown)
        m.text(name);
}

void relay::welcome(client& c)
{
    c.now = client::phase::ready;
    note_activity(c);
    c.asked.reset();
    std::string words = std::exchange(answers_, {});
    words += c.home->greeting(c.settings);
    pgwire::message{words, 'K'}.u32(static_cast<std::uint32_t>(c.id)).u32(c.secret);
    pgwire::write_ready(words, 'I');
    send(c, words);
    log::debug("client connected", {{"backend", c.home->name()}, {"pid", c.pid}, {"uid", c.uid}});
}

std::string relay::backend_names() const
{
    std::string names;
    for (const pool_runner* pool : pools_)
        if (!pool->rules().is_session_lane)
            names += (names.empty() ? "" : ", ") + pool->name();
    return names;
}

// A CancelRequest: for what the client runs at this moment, if anything. Wrong keys get no answer.
void relay::cancel_for(client& asker, std::uint32_t process_id, std::uint32_t secret)
{
    client* c = find(static_cast<client_id>(process_id));
    if (!c || c->secret != secret || c->now != client::phase::ready)
        return let_go(asker);
    if (c->held && c->held->replies.owes() && c->held->doing == server::errand::none) {
        c->held->cancel_askers.emplace_back(asker.id, asker.secret);
        return c->home->cancel(*c->held);
    }
    if (std::exchange(c->waiting, false)) {
        c->home->give_up(c->id, now_);
        refuse(*c, {"57014", "canceling statement due to user request"});
        resume(*c);
        carry_out(c->home);
    }
    if (c->awaits_channels) {
        stop_waiting_for_channels(*c);
        c->session.refuse_channels({"57014", "canceling statement due to user request"});
        resume(*c);
        carry_out(c->home);
    }
    let_go(asker);
}

} // namespace weir
