// A directory that goes with its owner.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace weir::test {

class temporary_directory {
public:
    temporary_directory()
    {
        path_ = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
        if (!::mkdtemp(path_.data()))
            throw std::runtime_error("no temporary directory: " + path_);
    }
    ~temporary_directory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace weir::test
