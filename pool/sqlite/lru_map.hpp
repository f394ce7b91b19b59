// A map that forgets what was used longest ago.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir::sqlite {

template <class Value>
class lru_map {
public:
    explicit lru_map(std::size_t capacity) : capacity_(capacity) {}

    Value* find(std::string_view key) // and counts as its use
    {
        const auto found = by_key_.find(key);
        if (found == by_key_.end())
            return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &entries_.front().second;
    }

    std::optional<Value> take(std::string_view key)
    {
        const auto found = by_key_.find(key);
        if (found == by_key_.end())
            return std::nullopt;
        const auto at = found->second;
        std::optional<Value> taken{std::move(at->second)};
        by_key_.erase(found); // first: its key lives in the entry
        entries_.erase(at);
        return taken;
    }

    // Keeps the older one if the key is there already.
    void put(std::string_view key, Value&& v)
    {
        if (by_key_.contains(key))
            return;
        entries_.emplace_front(key, std::move(v));
        by_key_.emplace(entries_.front().first, entries_.begin());
        if (entries_.size() > capacity_) {
            by_key_.erase(entries_.back().first);
            entries_.pop_back();
        }
    }

    std::size_t size() const { return entries_.size(); }
    void clear()
    {
        by_key_.clear();
        entries_.clear();
    }

private:
    using entry = std::pair<std::string, Value>;

    std::size_t capacity_;
    std::list<entry> entries_; // last used first
    std::unordered_map<std::string_view, typename std::list<entry>::iterator> by_key_;
};

} // namespace weir::sqlite
