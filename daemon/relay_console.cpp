// Clients of the console: the databases weir and pgbouncer.
#include "daemon/relay.hpp"
#include "daemon/version.hpp"
#include "pool/pgwire/writer.hpp"

#include <unistd.h>

namespace weir {

void relay::serve(console::host& host) { host_ = &host; }

// Operators alone, however full it is: listen.allow and max_client_conn are for the others.
void relay::open_console(client& c, const pgwire::startup_packet& packet)
{
    if (!is_operator(c))
        return farewell(c,
                        {"42501",
                         "permission denied for the console",
                         "user id " + std::to_string(c.uid) + " is neither root nor weir's own.",
                         "admin.users and admin.groups name further operators."});
    answer_version(packet);
    end_startup(c);
    c.now = client::phase::ready;
    c.console = std::make_unique<console::session>();
    if (auto asked = pgwire::startup_settings(packet.parameters)) // SHOW CLIENTS has its name
        c.settings = std::make_shared<const pgwire::settings_map>(std::move(*asked));
    ++consoles_;
    std::string words = std::exchange(answers_, {});
    console::session::welcome(words,
                              {.user = packet.find("user"),
                               .version = version(),
                               .id = static_cast<std::uint32_t>(c.id),
                               .secret = c.secret});
    send(c, words);
}

// Its commands, one after the other; answers how many bytes are done with.
std::size_t relay::converse(client& c, std::string_view data)
{
    std::size_t used = 0;
    while (!c.console->is_busy() && !c.closed) {
        std::string words;
        const console::ruling r =
            c.console->next(pgwire::as_bytes(data.substr(used)), is_operator(c), words);
        used += r.size;
        if (!words.empty())
            send(c, words);
        switch (r.what) {
        case console::verdict::need_more: return used;
        case console::verdict::answer: break;
        case console::verdict::carry_out: {
            // Carried out and answered in rounds of their own, never from within this one.
            const auto post = [this](auto what) { loop_.post(std::move(what)); };
            console::reply to{
                .notice =
                    [this, post, id = c.id, secret = c.secret](std::string line) {
                        post([this, id, secret, line = std::move(line)] {
                            on_notice(id, secret, line);
                        });
                    },
                .done =
                    [this, post, id = c.id, secret = c.secret](result<console::rows> outcome) {
                        post([this, id, secret, outcome = std::move(outcome)] {
                            on_reply(id, secret, outcome);
                        });
                    },
                .is_awaited = [this,
                               id = c.id,
                               secret = c.secret] { return find_asker(id, secret) != nullptr; }};
            post([this, asked = c.console->asked(), to = std::move(to)] {
                host_->carry_out(asked, to);
            });
            break;
        }
        case console::verdict::terminate:
            c.said_goodbye = true;
            c.half_closed = true;
            return data.size();
        case console::verdict::violation: c.now = client::phase::leaving; return used;
        }
    }
    return used;
}

bool relay::is_operator(const client& c) const
{
    return c.uid == 0 || c.uid == ::geteuid() ||
           (settings_.is_operator && settings_.is_operator({c.pid, c.uid, c.gid, {}}));
}

client* relay::find_asker(client_id id, std::uint32_t secret)
{
    client* const c = find(id);
    return c && c->secret == secret && c->console && c->now == client::phase::ready ? c : nullptr;
}

void relay::on_notice(client_id id, std::uint32_t secret, const std::string& line)
{
    if (client* const c = find_asker(id, secret)) {
        std::string words;
        c->console->notice(line, words);
        send(*c, words);
    }
}

void relay::on_reply(client_id id, std::uint32_t secret, const result<console::rows>& outcome)
{
    client* const c = find_asker(id, secret);
    if (!c)
        return;
    now_ = std::chrono::steady_clock::now();
    std::string words;
    c->console->reply(outcome, words);
    if (!outcome)
        count_error(*c, outcome.error().code.text());
    send(*c, words);
    resume(*c);
    bury();
}

} // namespace weir
