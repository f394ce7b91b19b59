#include "daemon/queries/fingerprint.hpp"

#include "pool/pgwire/masked_sql.hpp"

#include <pg_query.h>

namespace weir {

namespace {

std::string id_of(const std::string& sql)
{
    const PgQueryFingerprintResult answer = pg_query_fingerprint(sql.c_str());
    std::string id = answer.error ? std::string{} : std::string{answer.fingerprint_str};
    pg_query_free_fingerprint_result(answer);
    return id;
}

std::string normalized(const std::string& sql)
{
    const PgQueryNormalizeResult answer = pg_query_normalize(sql.c_str());
    std::string text = answer.error ? std::string{} : std::string{answer.normalized_query};
    pg_query_free_normalize_result(answer);
    return text;
}

} // namespace

fingerprint fingerprint_of(const std::string& sql)
{
    fingerprint out{id_of(sql), {}};
    if (!out.id.empty())
        out.text = normalized(sql);
    out.text = pgwire::masked_literals(
        out.text.empty() ? sql : out.text); // utility statements keep theirs
    return out;
}

} // namespace weir
