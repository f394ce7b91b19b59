// "did you mean pool?": the known word nearest to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

// Empty when nothing is near: at most a third of the letters added, dropped or changed.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// "; did you mean pool?", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

} // namespace weir
