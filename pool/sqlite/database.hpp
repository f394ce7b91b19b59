// A SQLite file as a backend: weir owns it and serves PostgreSQL's protocol from it. Each login is
// a session on a thread of its own behind a socket pair, so the relay sees a server like any other.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace weir::sqlite {

class database : public backend {
public:
    // `path` is a file; empty, it is one that is deleted at the end. `name` is what clients call
    // the database, `address` what people read. Nothing is opened before the first login.
    database(std::string path, std::string name, std::string address);
    ~database() override; // ends all sessions and waits for them

    result<std::unique_ptr<link>> log_in(std::chrono::milliseconds timeout,
                                         std::stop_token stop) override;
    // The catalog learns the tables that other programs have made, changed and dropped.
    result<void> reread_schema() override;

    const std::string& address() const override { return address_; }

private:
    class file; // what all sessions share; links may outlive the database

    result<std::shared_ptr<file>> open();

    std::string path_;
    std::string name_;
    std::string address_;
    std::shared_ptr<file> file_;
    std::mutex opening_; // guards file_
};

} // namespace weir::sqlite
