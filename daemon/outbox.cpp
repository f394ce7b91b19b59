#include "daemon/outbox.hpp"

namespace weir {

gathered::piece_list::piece_list(const gathered& of)
{
    for (const std::string_view piece : {of.first, of.second})
        if (!piece.empty())
            pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
}

void outbox::keep(const gathered& unsent, std::size_t already_sent)
{
    if (!held_)
        held_ = std::make_unique<spill>();
    std::string& to = held_->bytes;
    if (held_->sent > 0 && held_->sent >= to.size() / 2) {
        to.erase(0, held_->sent);
        held_->sent = 0;
    }
    const std::size_t from_first = std::min(already_sent, unsent.first.size());
    to.append(unsent.first.substr(from_first));
    to.append(unsent.second.substr(already_sent - from_first));
}

std::string_view outbox::front() const
{
    return held_ ? std::string_view{held_->bytes}.substr(held_->sent) : std::string_view{};
}

void outbox::sent(std::size_t size)
{
    held_->sent += size;
    if (held_->sent == held_->bytes.size())
        held_.reset();
}

void collector::add(std::string_view piece)
{
    if (run_.empty()) {
        run_ = piece;
    } else if (run_.data() + run_.size() == piece.data()) {
        run_ = {run_.data(), run_.size() + piece.size()};
    } else {
        assembled_ += run_;
        run_ = piece;
    }
}

std::string& collector::rewritten()
{
    assembled_ += run_;
    run_ = {};
    return assembled_;
}

void collector::clear()
{
    assembled_.clear();
    run_ = {};
}

} // namespace weir
