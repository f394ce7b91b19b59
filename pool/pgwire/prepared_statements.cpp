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
    const auto found = named_->statements.find(name);
    return found == named_->statements.end() ? nothing : found->second;
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
        named_ = std::make_unique<named>();
    named& all = *named_;
    if (const auto old = all.statements.find(name); old != all.statements.end()) {
        all.bytes -= old->second->parse_tail.size();
        all.statements.erase(old);
    }
    if (statement) {
        all.bytes += statement->parse_tail.size();
        all.statements.emplace(name, std::move(statement));
    }
}

void prepared_statements::clear_named()
{
    revision_ += named_ != nullptr;
    named_.reset();
}

bool prepared_statements::has_room_for(std::size_t size) const
{
    return count() < max_count && (named_ ? named_->bytes : 0) + size <= max_bytes;
}

} // namespace weir::pgwire
