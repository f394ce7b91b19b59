// PURE. What is to be thought of the facts.
#pragma once

#include "daemon/doctor/facts.hpp"
#include "daemon/doctor/finding.hpp"

#include <string>

namespace weir::doctor {

// What weir serve would die of: its words, and its hint as the fix.
finding refusal(std::string check, const error& why);

findings judge(const socket_facts& f);
bool may_be_weir(const socket_facts::listener& l);
finding judge(const metrics_facts& f);
findings judge(const std::string& backend, const server_facts& f);
findings judge(const std::string& backend, const file_facts& f);
findings judge(const std::string& backend, const migration_facts& f);
finding failed_inspection(const std::string& backend, const error& why, bool is_one_of_several);

} // namespace weir::doctor
