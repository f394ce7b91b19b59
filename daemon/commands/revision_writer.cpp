#include "daemon/commands/revision_writer.hpp"

#include "daemon/migrations/new_revision.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

namespace weir::commands {
namespace {

namespace fs = std::filesystem;

error system_error(const std::string& what, int code)
{
    return {"58030", what + ": " + std::strerror(code)};
}

result<void> write_new(const std::string& path, const std::string& text)
{
    std::FILE* const file = std::fopen(path.c_str(), "wbxe"); // x: it must not be there
    if (!file)
        return system_error("cannot make " + path, errno);
    const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    int code = whole ? 0 : errno;
    if (std::fclose(file) != 0 && code == 0)
        code = errno;
    if (code == 0)
        return {};
    std::remove(path.c_str());
    return system_error("cannot write " + path, code);
}

result<std::vector<std::string>> names_in(const fs::path& directory)
{
    std::error_code wrong;
    fs::create_directories(directory, wrong);
    std::vector<std::string> names;
    if (!wrong)
        for (const auto& entry : fs::directory_iterator(directory, wrong))
            names.push_back(entry.path().filename().string());
    if (wrong)
        return system_error("cannot use " + directory.string(), wrong.value());
    return names;
}

// What its message, or else its id, makes of its file's name.
std::string slug_of(const migrations::revision& r)
{
    std::string words = migrations::slug(r.message);
    if (!words.empty())
        return words;
    words = migrations::slug(r.id);
    const std::size_t number = words.find_first_not_of("0123456789"); // "041_add_x" has its own
    return number != 0 && number < words.size() && words[number] == '_' ? words.substr(number + 1)
                                                                        : words;
}

} // namespace

result<void>
write_revisions(std::vector<migrations::revision>& all, const std::string& directory, bool tells)
{
    const auto names = names_in(directory);
    if (!names)
        return names.error();
    migrations::file_numbers numbers(*names);
    std::vector<std::string> written;
    for (migrations::revision& r : all) {
        r.file = (fs::path(directory) / numbers.next(slug_of(r))).lexically_normal().string();
        if (tells)
            std::cout << "Generating " << fs::absolute(r.file).string() << " ...";
        if (const auto done = write_new(r.file, to_text(r)); !done) {
            if (tells)
                std::cout << "  FAILED\n";
            for (const std::string& path : written)
                std::remove(path.c_str());
            return done.error();
        }
        if (tells)
            std::cout << "  done\n";
        written.push_back(r.file);
    }
    return {};
}

} // namespace weir::commands
