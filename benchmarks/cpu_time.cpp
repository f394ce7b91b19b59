#include "benchmarks/cpu_time.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace weir::bench {

namespace {

constexpr unsigned fields_before_utime = 11; // behind the name, which ends with a parenthesis

std::string contents(const std::filesystem::path& file)
{
    std::ifstream in{file};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (text.empty())
        throw std::runtime_error("cannot read " + file.string());
    return text;
}

} // namespace

cpu_time cpu_time_of(pid_t process)
{
    const std::filesystem::path directory = "/proc/" + std::to_string(process);
    cpu_time out;
    for (const auto& thread : std::filesystem::directory_iterator{directory / "task"})
        out.total += std::chrono::nanoseconds{std::stoll(contents(thread.path() / "schedstat"))};
    const std::string all = contents(directory / "stat");
    std::istringstream fields{all.substr(all.rfind(')') + 1)};
    std::string skipped;
    for (unsigned i = 0; i < fields_before_utime; ++i)
        fields >> skipped;
    fields >> out.user_ticks >> out.system_ticks;
    if (!fields)
        throw std::runtime_error("cannot read the ticks of process " + std::to_string(process));
    return out;
}

} // namespace weir::bench
