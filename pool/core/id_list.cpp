#include "pool/core/id_list.hpp"

#include <cassert>

namespace weir {

void id_list::push_back(std::uint32_t id)
{
    assert(!contains(id) && id != none);
    if (id >= links_.size())
        links_.resize(std::size_t{id} + 1);
    links_[id] = {.previous = back_, .next = none, .member = true};
    (back_ == none ? front_ : links_[back_].next) = id;
    back_ = id;
    ++size_;
}

void id_list::erase(std::uint32_t id)
{
    assert(contains(id));
    const link gone = links_[id];
    (gone.previous == none ? front_ : links_[gone.previous].next) = gone.next;
    (gone.next == none ? back_ : links_[gone.next].previous) = gone.previous;
    links_[id] = {};
    --size_;
}

} // namespace weir
