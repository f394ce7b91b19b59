// A directory that goes with the test.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace weir::test {

class temporary_directory {
public:
    temporary_directory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() { std::filesystem::remove_all(path_); }

    const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/weir-test-XXXXXX";
};

} // namespace weir::test
