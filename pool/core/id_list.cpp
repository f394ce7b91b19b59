#include "pool/core/id_list.hpp"

#include <cassert>

namespace weir {

void id_links::push_back(id_chain& chain, std::uint32_t id)
{
    assert(!contains(id) && id != id_chain::none);
    if (id >= links_.size())
        links_.resize(std::size_t{id} + 1);
    links_[id] = {.previous = chain.back, .next = id_chain::none, .member = true};
    (chain.empty() ? chain.front : links_[chain.back].next) = id;
    chain.back = id;
}

void id_links::erase(id_chain& chain, std::uint32_t id)
{
    assert(contains(id));
    const link gone = links_[id];
    (gone.previous == id_chain::none ? chain.front : links_[gone.previous].next) = gone.next;
    (gone.next == id_chain::none ? chain.back : links_[gone.next].previous) = gone.previous;
    links_[id] = {};
}

void id_list::push_back(std::uint32_t id)
{
    links_.push_back(chain_, id);
    ++size_;
}

void id_list::erase(std::uint32_t id)
{
    links_.erase(chain_, id);
    --size_;
}

} // namespace weir
