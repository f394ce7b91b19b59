#include "daemon/commands/backend_option.hpp"

namespace weir::commands {

void backend_option::add_to(CLI::App& verb)
{
    verb.add_option("--backend", name_, "which, if there are several")->type_name("NAME");
}

result<backend_settings> backend_option::choose(const settings& all) const
{
    std::string names;
    for (const backend_settings& b : all.backends) {
        if (b.name == name_ || (name_.empty() && all.backends.size() == 1))
            return b;
        names += (names.empty() ? "" : ", ") + b.name;
    }
    if (name_.empty())
        return error{"22023", "weir serves several backends; say which with --backend: " + names};
    return error{"22023", "there is no backend \"" + name_ + "\"; there is: " + names};
}

} // namespace weir::commands
