// Writes the files of new revisions into a directory, over none that is there.
#pragma once

#include "daemon/migrations/revision.hpp"
#include "pool/core/error.hpp"

#include <string>
#include <vector>

namespace weir::commands {

// Each gets the directory's next number and says in `file` where it is. The directory is made if it
// is not there. When one cannot be written, those before it are taken back.
result<void>
write_revisions(std::vector<migrations::revision>& all, const std::string& directory, bool tells);

} // namespace weir::commands
