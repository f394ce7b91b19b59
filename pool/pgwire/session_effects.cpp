#include "pool/pgwire/session_effects.hpp"

#include <algorithm>

namespace weir::pgwire {

std::string in_words(state_set kinds)
{
    std::string words;
    kinds.each(
        [&](state_kind kind) { words.append(words.empty() ? "" : ", ").append(to_string(kind)); });
    return words;
}

void session_effects::add(const session_effects& more)
{
    for (const std::string& name : more.settings)
        if (std::find(settings.begin(), settings.end(), name) == settings.end())
            settings.push_back(name);
    any_setting = any_setting || more.any_setting;
    unseen_settings = unseen_settings || more.unseen_settings;
    begins |= more.begins;
    ends |= more.ends;
    perhaps |= more.perhaps;
}

session_effects session_effects::anything()
{
    session_effects all;
    all.any_setting = true;
    all.unseen_settings = true;
    all.perhaps = state_set::all() - state_kind::libraries;
    return all;
}

} // namespace weir::pgwire
