#include "config/sources.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir {

namespace {

std::optional<std::string> environment_variable(const std::string& name)
{
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

boost::system::error_code last_error()
{
    return {errno == 0 ? EIO : errno, boost::system::generic_category()};
}

boost::system::result<std::string> read_whole_file(const std::string& path)
{
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return last_error();
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad() || errno == EISDIR) // a directory opens, and fails at the first read
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
