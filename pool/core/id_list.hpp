// A doubly linked list of small numbers, its links in a table indexed by the number itself: joining
// and leaving are O(1) from anywhere, and allocate only when a number larger than ever joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

class id_list {
public:
    void push_back(std::uint32_t id); // must not be in the list
    void erase(std::uint32_t id);     // must be in the list

    std::optional<std::uint32_t> front() const { return known(front_); }
    std::optional<std::uint32_t> back() const { return known(back_); }
    std::optional<std::uint32_t> after(std::uint32_t id) const { return known(links_[id].next); }
    std::optional<std::uint32_t> before(std::uint32_t id) const
    {
        return known(links_[id].previous);
    }

    bool contains(std::uint32_t id) const { return id < links_.size() && links_[id].member; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct link {
        std::uint32_t previous = none;
        std::uint32_t next = none;
        bool member = false;
    };

    static std::optional<std::uint32_t> known(std::uint32_t id)
    {
        return id == none ? std::nullopt : std::optional{id};
    }

    std::vector<link> links_;
    std::uint32_t front_ = none;
    std::uint32_t back_ = none;
    std::size_t size_ = 0;
};

} // namespace weir
