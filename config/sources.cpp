#include "config/sources.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace weir {

namespace {

std::optional<std::string> environment_variable(const std::string& name)
{
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

boost::system::error_code last_error() { return {errno, boost::system::generic_category()}; }

// With stdio, whose errors are values: a stream throws over a directory, and forgets why.
boost::system::result<std::string> read_whole_file(const std::string& path)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                               std::fclose);
    if (!file)
        return last_error();
    std::string text;
    std::array<char, 4096> part;
    while (const std::size_t size = std::fread(part.data(), 1, part.size(), file.get()))
        text.append(part.data(), size);
    if (std::ferror(file.get()))
        return last_error();
    return text;
}

bool is_usable_directory(const std::string& directory)
{
    constexpr int enter_and_write = W_OK | X_OK;
    if (access(directory.c_str(), F_OK) == 0)
        return std::filesystem::is_directory(directory) &&
               access(directory.c_str(), enter_and_write) == 0;
    const std::string parent = std::filesystem::path(directory).parent_path();
    return access(parent.empty() ? "." : parent.c_str(), enter_and_write) == 0;
}

} // namespace

sources real_sources()
{
    return {{}, std::nullopt, environment_variable, read_whole_file, is_usable_directory};
}

} // namespace weir
