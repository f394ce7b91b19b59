#include "tests/support/shared_server.hpp"

#include "tests/support/wire.hpp"

#include <stdexcept>
#include <utility>

namespace weir::test {

using namespace pgwire;

shared_server::shared_server(std::size_t clients)
    : clients_(clients),
      settings_(registry_.intern({{"application_name", ""}, {"timezone", "UTC"}})),
      login_settings_(settings_)
{
    for (client& c : clients_)
        c.settings = settings_;
}

void shared_server::client_sends(std::size_t who, std::string_view bytes)
{
    clients_[who].stash += bytes;
    if (!clients_[who].waiting)
        judge_up(who);
}

void shared_server::judge_up(std::size_t who)
{
    client& c = clients_[who];
    std::size_t used = 0;
    while (used < c.stash.size() && !c.over) {
        const std::string_view rest = std::string_view{c.stash}.substr(used);
        std::string words;
        const ruling r =
            c.session.next(as_bytes(rest), holder_ == who ? &replies_ : nullptr, words);
        if (r.size > rest.size())
            throw std::logic_error("a ruling on more than there is");
        const bool decides = r.what != verdict::need_more && r.what != verdict::need_server &&
                             r.what != verdict::need_channels && r.what != verdict::wait &&
                             r.what != verdict::terminate && r.what != verdict::violation;
        if (decides != (r.size > 0))
            throw std::logic_error("a ruling that leads nowhere");
        used += r.size;
        switch (r.what) {
        case verdict::wait: c.gated = true; [[fallthrough]];
        case verdict::need_more: c.stash.erase(0, used); return add_sync();
        case verdict::need_server:
            if (refusal) {
                const ruling answer = c.session.refuse(as_bytes(rest), *refusal, words);
                c.heard += words;
                used += answer.size;
                break;
            }
            if (holder_ || resetting_) {
                c.waiting = true;
                queue_.push_back(who);
                c.stash.erase(0, used);
                return;
            }
            lease(who);
            break;
        case verdict::need_channels:
            ++channel_requests_;
            if (channels_refusal)
                c.session.refuse_channels(*channels_refusal);
            else
                c.session.grant_channels();
            break;
        case verdict::forward: up(rest.substr(0, r.size)); break;
        case verdict::rewritten: up(words); break;
        case verdict::answer: c.heard += words; break;
        case verdict::discard: break;
        case verdict::violation: c.heard += words; [[fallthrough]];
        case verdict::terminate: c.over = true; break;
        }
    }
    c.stash.erase(0, used);
    add_sync();
}

void shared_server::add_sync()
{
    if (!holder_ || !replies_.wants_sync() || clients_[*holder_].session.mid_frame())
        return;
    replies_.expect(request::sync);
    up(wire::sync());
}

void shared_server::lease(std::size_t who)
{
    holder_ = who;
    client& c = clients_[who];
    replies_.attach(c.session.names());
    if (settings_ != c.settings) {
        const std::string sql = replay(*settings_, *c.settings);
        settings_ = c.settings;
        replies_.expect_swallowed(request::query);
        up(wire::query(sql));
    }
    if (c.session.holds_back()) {
        std::string begin;
        c.session.send_begin(replies_, begin);
        up(begin);
    }
}

void shared_server::up(std::string_view bytes)
{
    sent_up_ += bytes;
    if (held_back_)
        held_up_ += bytes;
    else
        server_.receive(bytes);
}

void shared_server::let_go_of_the_line()
{
    held_back_ = false;
    server_.receive(std::exchange(held_up_, {}));
}

void shared_server::server_speaks(std::size_t most)
{
    down_ += server_.take(most);
    judge_down();
}

void shared_server::judge_down()
{
    std::size_t used = 0;
    while (used < down_.size() && !broken_) {
        const std::string_view rest = std::string_view{down_}.substr(used);
        const reply r = replies_.next(as_bytes(rest));
        if (r.size > rest.size())
            throw std::logic_error("a reply of more than there is");
        const bool decides = r.kind != reply_kind::need_more && r.kind != reply_kind::malformed;
        if (decides != (r.size > 0))
            throw std::logic_error("a reply that leads nowhere");
        used += r.size;
        std::string for_client;
        switch (r.kind) {
        case reply_kind::need_more: down_.erase(0, used); return after_answers();
        case reply_kind::malformed: broken_ = true; break;
        case reply_kind::swallow:
        case reply_kind::row: break;
        case reply_kind::replace: for_client = r.bytes; break;
        case reply_kind::forward: for_client = rest.substr(0, r.size); break;
        case reply_kind::parameter:
            if (is_tracked(r.name)) {
                settings_ = registry_.with(settings_, r.name, r.value);
                if (holder_)
                    clients_[*holder_].settings =
                        registry_.with(clients_[*holder_].settings, r.name, r.value);
            }
            [[fallthrough]];
        case reply_kind::failure:
            if (r.for_client)
                for_client = rest.substr(0, r.size);
            break;
        }
        if (holder_)
            clients_[*holder_].heard += for_client;
        else if (!for_client.empty())
            throw std::logic_error("words for a client that is not there");
    }
    down_.erase(0, used);
    after_answers();
}

void shared_server::after_answers()
{
    add_sync();
    const std::optional<std::size_t> holder = holder_;
    settle();
    if (holder && clients_[*holder].gated && !(holder_ == holder && replies_.must_wait())) {
        clients_[*holder].gated = false;
        judge_up(*holder);
    }
}

void shared_server::settle()
{
    if (!replies_.settled() || broken_ || (holder_ && clients_[*holder_].session.mid_frame()))
        return;
    if (!held_back_ && server_.transaction_status() != 'I' && !server_.has_words() && down_.empty())
        throw std::logic_error("a server was given back in a transaction");
    if (holder_) {
        client& c = clients_[*std::exchange(holder_, std::nullopt)];
        if (replies_.take_begin_failed())
            c.session.fail_transaction();
        if (replies_.take_settings_reset())
            c.settings = login_settings_;
        if (!replies_.touched().empty()) {
            ++resets_;
            resetting_ = true;
            replies_.detach();
            replies_.expect_swallowed(request::query);
            return up(wire::query("DISCARD ALL"));
        }
    }
    resetting_ = false;
    while (!queue_.empty() && !holder_) {
        const std::size_t who = queue_.front();
        queue_.pop_front();
        clients_[who].waiting = false;
        judge_up(who);
    }
}

void shared_server::run(std::size_t piece)
{
    while (server_.has_words())
        server_speaks(piece);
}

std::string shared_server::ask(std::size_t who, std::string_view bytes)
{
    clients_[who].heard.clear();
    client_sends(who, bytes);
    run();
    return std::exchange(clients_[who].heard, {});
}

} // namespace weir::test
