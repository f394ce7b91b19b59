#include "daemon/migrations/revision_files.hpp"

#include "daemon/migrations/checksum.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace weir::migrations {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t size_limit = 64 * 1024 * 1024;

// NNN_slug.sql, whatever the number of digits. Others (schema.sql, notes, a seed) are no revisions.
bool is_revision_file(const fs::path& path)
{
    const std::string name = path.filename();
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    return digits > 0 && name.substr(digits).starts_with("_") && path.extension() == ".sql";
}

result<std::string> read(const fs::path& path)
{
    std::error_code failed;
    if (const auto size = fs::file_size(path, failed); !failed && size > size_limit)
        return error{"54000", "is larger than 64 MB"};
    std::ifstream file{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file.is_open() || file.bad())
        return error{"58030", std::string{"cannot be read: "} + std::strerror(errno)};
    return text;
}

class directory_reader {
public:
    checked<revision_files> read_all(const std::string& directory, bool must_exist);

private:
    std::vector<fs::path> find(const std::string& directory, bool must_exist);
    void take_revision(const fs::path& path);
    void take_schema(const fs::path& path);
    void look_for_misnamed(const fs::path& path);
    void complain(const complaints& more) { wrong_.insert(wrong_.end(), more.begin(), more.end()); }

    std::vector<revision> all_;
    revision_files found_;
    complaints wrong_;
};

checked<revision_files> directory_reader::read_all(const std::string& directory, bool must_exist)
{
    for (const fs::path& path : find(directory, must_exist))
        if (is_revision_file(path))
            take_revision(path);
        else if (path.filename() == "schema.sql")
            take_schema(path);
        else if (path.extension() == ".sql")
            look_for_misnamed(path);
    // A file that does not parse would make its children's parent missing: one thing at a time.
    if (!wrong_.empty())
        return std::move(wrong_);
    auto graph = revision_graph::make(std::move(all_));
    if (!graph)
        return graph.error();
    found_.graph = std::move(*graph);
    return std::move(found_);
}

std::vector<fs::path> directory_reader::find(const std::string& directory, bool must_exist)
{
    std::vector<fs::path> paths;
    std::error_code failed;
    if (!must_exist && !fs::exists(directory, failed) && !failed)
        return paths;
    for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
         at.increment(failed))
        paths.push_back(at->path());
    if (failed)
        wrong_.push_back({directory, 0, "cannot be read: " + failed.message()});
    std::ranges::sort(paths);
    return paths;
}

void directory_reader::take_revision(const fs::path& path)
{
    const auto text = read(path);
    if (!text)
        return wrong_.push_back({path, 0, text.error().message});
    auto parsed = parse_revision(*text, path);
    if (!parsed)
        return complain(parsed.error());
    parsed->checksum = to_hex(sha256(*text));
    all_.push_back(std::move(*parsed));
}

void directory_reader::take_schema(const fs::path& path)
{
    const auto text = read(path);
    if (!text)
        return wrong_.push_back({path, 0, text.error().message});
    auto statements = split_statements(*text);
    if (!statements)
        return wrong_.push_back({path, statements.error().line, statements.error().problem});
    found_.schema = std::move(*statements);
    found_.schema_file = path;
}

// A revision that is passed over for its name is missed only by the one behind it, if at all.
void directory_reader::look_for_misnamed(const fs::path& path)
{
    const auto text = read(path);
    if (!text)
        return wrong_.push_back({path, 0, text.error().message});
    if (text->starts_with("-- revision:") || text->find("\n-- revision:") != text->npos)
        wrong_.push_back({path,
                          0,
                          "has the header of a revision, but not the name of one: "
                          "NNN_slug.sql, like 041_add_comments.sql"});
}

} // namespace

checked<revision_files> read_revision_files(const std::string& directory, bool must_exist)
{
    return directory_reader{}.read_all(directory, must_exist);
}

} // namespace weir::migrations
