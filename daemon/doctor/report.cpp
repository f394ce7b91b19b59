#include "daemon/doctor/report.hpp"

#include <algorithm>

namespace weir::doctor {
namespace {

std::string sum(const findings& all)
{
    std::string words;
    for (const auto& [is, name] : {std::pair{severity::error, " error"},
                                   std::pair{severity::warning, " warning"},
                                   std::pair{severity::note, " note"}})
        if (const auto n = std::ranges::count(all, is, &finding::is); n > 0)
            words += (words.empty() ? "" : ", ") + std::to_string(n) + name + (n == 1 ? "" : "s");
    return words.empty() ? "all is well" : words;
}

} // namespace

std::string_view to_string(severity s)
{
    switch (s) {
    case severity::ok: return "ok";
    case severity::note: return "note";
    case severity::warning: return "warning";
    case severity::error: return "error";
    }
    return "";
}

severity worst_of(const findings& all)
{
    const auto worst = std::ranges::max_element(all, {}, &finding::is);
    return worst == all.end() ? severity::ok : worst->is;
}

std::vector<std::string> lines(const findings& all)
{
    constexpr std::size_t margin = 9; // "warning" and two spaces
    std::vector<std::string> made;
    for (const finding& f : all) {
        std::string line(to_string(f.is));
        line.resize(margin, ' ');
        line += (f.backend.empty() ? "" : f.backend + ": ") + f.check + ": ";
        for (std::size_t at = 0, end = 0; end != f.what.npos; at = end + 1) {
            end = f.what.find('\n', at);
            made.push_back(line + f.what.substr(at, end == f.what.npos ? end : end - at));
            line.assign(margin + 3, ' '); // what goes on is further in than the fix
        }
        if (!f.fix.empty())
            made.push_back(std::string(margin, ' ') + "-> " + f.fix);
    }
    made.emplace_back();
    made.push_back(sum(all));
    return made;
}

} // namespace weir::doctor
