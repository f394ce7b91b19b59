// The file beside a socket that says who serves it: `.s.PGSQL.5432.lock`. Its first line is a pid,
// as PostgreSQL writes it, so a postmaster started by mistake on the same path refuses too. What
// counts between two weirs is the flock on it, which the kernel drops when a process ends.
#pragma once

#include "pool/core/error.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace weir {

class lock_file {
public:
    // Refused with F0001 and the holder's pid while another process holds it.
    static result<lock_file> acquire(const std::string& path, std::string_view what_for);

    lock_file() = default;
    lock_file(lock_file&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)),
          is_ours_(other.is_ours_)
    {
    }
    lock_file& operator=(lock_file&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        std::swap(path_, other.path_);
        std::swap(is_ours_, other.is_ours_);
        return *this;
    }
    ~lock_file() { release(); }

    // The lock goes with the descriptor: held by another weir, and passed on by it.
    static lock_file inherit(int descriptor, std::string path);
    int descriptor() const { return descriptor_; }
    void pass_on(); // lets go without removing the file

    bool is_held() const { return descriptor_ >= 0; }

    result<void> write(std::string_view text); // replaces what is in it
    void release();                            // removes the file, then lets go

private:
    lock_file(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

    int descriptor_ = -1;
    std::string path_;
    bool is_ours_ = false; // what a postmaster wrote is not removed, even while we hold the lock
};

} // namespace weir
