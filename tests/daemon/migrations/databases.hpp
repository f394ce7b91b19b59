// An empty database of either kind, for one test: TEST_CASE_TEMPLATE runs it on both.
#pragma once

#include "config/database_url.hpp"
#include "daemon/migrations/direct_connection.hpp"
#include "pool/postgres/server_backend.hpp"
#include "pool/sqlite/database.hpp"
#include "tests/pool/postgres/test_cluster.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace weir::test {

inline std::string words(const error& e) { return std::string{e.code.text()} + " " + e.message; }

// The tag, or the error's SQLSTATE and words.
inline std::string run(direct_connection& on, std::string_view sql)
{
    const auto done = on.execute(sql);
    return done ? *done : words(done.error());
}

// NULL is "NULL", values of a row are joined by commas and rows by spaces; an error is its
// SQLSTATE and its words.
inline std::string ask(direct_connection& of, std::string_view sql)
{
    const auto answer = of.query(sql);
    if (!answer)
        return words(answer.error());
    std::string text;
    for (const auto& row : answer->rows) {
        text += text.empty() ? "" : " ";
        for (const auto& value : row)
            text.append(&value == row.data() ? "" : ",").append(value.value_or("NULL"));
    }
    return text;
}

inline std::unique_ptr<direct_connection> connect(backend& to)
{
    auto logged_in = to.log_in(30s, {});
    if (!logged_in)
        throw std::runtime_error(logged_in.error().message);
    return std::make_unique<direct_connection>(std::move(*logged_in));
}

class on_postgresql {
public:
    on_postgresql()
    {
        static std::atomic<unsigned> made = 0;
        url_ = *parse_database_url(told("WEIR_TEST_PG_URL"));
        admin_ = connect_to(url_);
        url_.database = "test" + std::to_string(++made);
        if (const auto created = admin_->execute("CREATE DATABASE " + url_.database); !created)
            throw std::runtime_error(created.error().message);
        behind_ = make_backend();
    }
    ~on_postgresql()
    {
        behind_.reset();
        static_cast<void>(admin_->execute("DROP DATABASE " + url_.database + " WITH (FORCE)"));
    }
    on_postgresql(const on_postgresql&) = delete;
    on_postgresql& operator=(const on_postgresql&) = delete;

    static constexpr bool is_postgresql = true;
    const database_url& url() const { return url_; }
    backend& behind() { return *behind_; }
    direct_connection& admin() { return *admin_; } // of another database of the cluster

    // What another process would have.
    std::unique_ptr<backend> make_backend() const
    {
        return std::make_unique<postgres::server_backend>(libpq_parameters(url_), masked(url_));
    }

private:
    static std::unique_ptr<direct_connection> connect_to(const database_url& url)
    {
        postgres::server_backend to{libpq_parameters(url), masked(url)};
        return connect(to);
    }

    database_url url_;
    std::unique_ptr<direct_connection> admin_;
    std::unique_ptr<backend> behind_;
};

class on_sqlite {
public:
    on_sqlite()
    {
        url_.kind = database_kind::sqlite;
        url_.database = directory_.path() + "/app.db";
        behind_ = make_backend();
    }

    static constexpr bool is_postgresql = false;
    const database_url& url() const { return url_; }
    backend& behind() { return *behind_; }

    std::unique_ptr<backend> make_backend() const
    {
        return std::make_unique<sqlite::database>(url_.database, "app", masked(url_));
    }

private:
    temporary_directory directory_;
    database_url url_;
    std::unique_ptr<backend> behind_;
};

} // namespace weir::test
