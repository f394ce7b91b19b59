// Looks at a SQLite file, and at where the socket is to be, without changing either.
#pragma once

#include "config/settings.hpp"
#include "daemon/doctor/facts.hpp"

#include <string>

namespace weir {

doctor::file_facts survey_file(const std::string& path);
// But for what the console says to those who log in.
doctor::socket_facts survey_socket(const listen_settings& at);

} // namespace weir
