// Doubly linked lists of small numbers, the links in a table indexed by the number itself: joining
// and leaving are O(1) from anywhere, and allocate only when a number larger than ever joins.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

// The ends of one list whose links are in a table that it may share with others.
struct id_chain {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t front = none;
    std::uint32_t back = none;

    bool empty() const { return front == none; }
};

// The table: a number is in one chain at most.
class id_links {
public:
    void push_back(id_chain& chain, std::uint32_t id) // must be in none
    {
        assert(!contains(id) && id < absent);
        if (id >= links_.size())
            links_.resize(std::size_t{id} + 1);
        links_[id] = {.previous = chain.back, .next = id_chain::none};
        (chain.empty() ? chain.front : links_[chain.back].next) = id;
        chain.back = id;
    }

    void erase(id_chain& chain, std::uint32_t id) // must be in this one
    {
        assert(contains(id));
        const link gone = links_[id];
        (gone.previous == id_chain::none ? chain.front : links_[gone.previous].next) = gone.next;
        (gone.next == id_chain::none ? chain.back : links_[gone.next].previous) = gone.previous;
        links_[id] = {};
    }

    std::uint32_t after(std::uint32_t id) const { return links_[id].next; }      // none: the last
    std::uint32_t before(std::uint32_t id) const { return links_[id].previous; } // none: the first
    bool contains(std::uint32_t id) const
    {
        return id < links_.size() && links_[id].next != absent;
    }

private:
    static constexpr std::uint32_t absent = id_chain::none - 1;

    struct link {
        std::uint32_t previous = absent;
        std::uint32_t next = absent;
    };

    std::vector<link> links_;
};

// One list with a table of its own.
class id_list {
public:
    void push_back(std::uint32_t id) // must not be in the list
    {
        links_.push_back(chain_, id);
        ++size_;
    }

    void erase(std::uint32_t id) // must be in the list
    {
        links_.erase(chain_, id);
        --size_;
    }

    std::optional<std::uint32_t> front() const { return known(chain_.front); }
    std::optional<std::uint32_t> back() const { return known(chain_.back); }
    std::optional<std::uint32_t> after(std::uint32_t id) const { return known(links_.after(id)); }
    std::optional<std::uint32_t> before(std::uint32_t id) const { return known(links_.before(id)); }

    bool contains(std::uint32_t id) const { return links_.contains(id); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    static std::optional<std::uint32_t> known(std::uint32_t id)
    {
        return id == id_chain::none ? std::nullopt : std::optional{id};
    }

    id_links links_;
    id_chain chain_;
    std::size_t size_ = 0;
};

} // namespace weir
