#include "pool/pgwire/prepared_statements.hpp"

#include <utility>

namespace weir::pgwire {

const statement_ptr& prepared_statements::find(std::string_view name) const
{
    static const statement_ptr nothing;
    if (name.empty())
        return unnamed_;
    if (!named_)
        return nothing;
    const auto found = named_->find(name);
    return found == named_->end() ? nothing : found->second;
}

void prepared_statements::put(std::string_view name, statement_ptr statement)
{
    if (name.empty()) {
        revision_ += unnamed_ != statement;
        unnamed_ = std::move(statement);
        return;
    }
    ++revision_;
    if (!named_)
        named_ = std::make_unique<map>();
    if (const auto old = named_->find(name); old != named_->end()) {
        bytes_ -= old->second->parse_tail.size();
        named_->erase(old);
    }
    if (statement) {
        bytes_ += statement->parse_tail.size();
        named_->emplace(name, std::move(statement));
    }
}

void prepared_statements::clear_named()
{
    revision_ += named_ != nullptr;
    named_.reset();
    bytes_ = 0;
}

bool prepared_statements::has_room_for(std::size_t size) const
{
    return count() < max_count && bytes_ + size <= max_bytes;
}

} // namespace weir::pgwire
