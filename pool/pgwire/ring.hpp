// A first-in, first-out queue in one block that grows by doubling and is kept: no allocation once
// it has seen its largest load.
#pragma once

#include <cassert>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::pgwire {

template <class T>
class ring {
public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

    T& front() { return (*this)[0]; }
    T& back() { return (*this)[size_ - 1]; }
    const T& front() const { return (*this)[0]; }
    const T& back() const { return (*this)[size_ - 1]; }
    T& operator[](std::size_t i)
    {
        assert(i < size_);
        return slots_[(first_ + i) & (slots_.size() - 1)];
    }

    const T& operator[](std::size_t i) const
    {
        assert(i < size_);
        return slots_[(first_ + i) & (slots_.size() - 1)];
    }

    void push_back(T value)
    {
        if (size_ == slots_.size())
            grow();
        ++size_;
        back() = std::move(value);
    }

    void pop_front()
    {
        let_go(front());
        first_ = (first_ + 1) & (slots_.size() - 1);
        --size_;
    }

    void pop_back()
    {
        let_go(back());
        --size_;
    }

    // Takes out the element at `i`, keeping the order of the rest.
    void erase(std::size_t i)
    {
        if (i == 0)
            return pop_front();
        for (; i + 1 < size_; ++i)
            (*this)[i] = std::move((*this)[i + 1]);
        pop_back();
    }

private:
    static void let_go(T& of) // what it owns
    {
        if constexpr (!std::is_trivially_destructible_v<T>)
            of = T{};
    }

    void grow()
    {
        std::vector<T> larger(slots_.empty() ? 8 : 2 * slots_.size());
        for (std::size_t i = 0; i < size_; ++i)
            larger[i] = std::move((*this)[i]);
        slots_ = std::move(larger);
        first_ = 0;
    }

    std::vector<T> slots_; // a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace weir::pgwire
