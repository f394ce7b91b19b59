// PURE. What is to be thought of the facts.
#pragma once

#include "daemon/doctor/facts.hpp"
#include "daemon/doctor/finding.hpp"

#include <string>

namespace weir::doctor {

finding judge(const socket_facts& f);
findings judge(const std::string& backend, const server_facts& f);
findings judge(const std::string& backend, const file_facts& f);
findings judge(const std::string& backend, const migration_facts& f);

} // namespace weir::doctor
