// The catalog's image that all sessions share, read again when the file's schema has changed.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/catalog.hpp"
#include "pool/sqlite/open_file.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace weir::sqlite {

class shared_catalog {
public:
    // The image of what `from` sees now.
    result<std::shared_ptr<const catalog>> current(open_file& from);

    // A transaction that changed the catalog was committed. SQLite's schema version alone would
    // miss a change of the catalog's rows, such as a new sequence.
    void has_changed() { generation_.fetch_add(1); }

private:
    struct version {
        std::uint64_t generation = 0; // ours
        std::int64_t schema = -1;     // the file's, which other programs advance too
        friend bool operator==(const version&, const version&) = default;
    };

    std::atomic<std::uint64_t> generation_ = 1;
    std::mutex mutex_;
    version version_; // of image_
    std::shared_ptr<const catalog> image_;
};

} // namespace weir::sqlite
