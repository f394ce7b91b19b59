#include "pool/pgwire/session_inventory.hpp"

#include <algorithm>
#include <array>

namespace weir::pgwire {

namespace {

// What there is of each kind, as PostgreSQL's catalog has it. Every name is qualified, operators
// too: the path of the session may lead anywhere.
constexpr std::array<std::string_view, state_kind_count> catalog_questions{
    // All that is in pg_temp depends on that schema; 2615 is pg_namespace.
    "FROM pg_catalog.pg_depend WHERE refclassid OPERATOR(pg_catalog.=) 2615::pg_catalog.oid AND "
    "refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()",
    "FROM pg_catalog.pg_cursors WHERE is_holdable",
    // Outside a transaction only the session's own are left.
    "FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory'::pg_catalog.text "
    "AND "
    "pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()",
    "FROM pg_catalog.pg_prepared_statements WHERE from_sql",
    "", // nobody tells
    "FROM pg_catalog.pg_listening_channels()",
};

bool is_custom(std::string_view name) { return name.find('.') != std::string_view::npos; }

// Of the transaction that asks.
bool is_of_the_transaction(std::string_view name)
{
    return name == "transaction_isolation" || name == "transaction_read_only" ||
           name == "transaction_deferrable" || name == "statement_timeout";
}

// A column of a DataRow; false for NULL.
bool take_column(field_reader& row, std::string& out)
{
    const std::int32_t size = row.i32();
    if (size < 0)
        return false;
    out = as_text(row.raw(static_cast<std::size_t>(size)));
    return true;
}

} // namespace

session_inventory::session_inventory(session_effects touched, state_set pinned, settings_ptr before)
    : touched_(std::move(touched)), pinned_(pinned), before_(std::move(before)),
      names_(touched_.settings), all_settings_(touched_.any_setting)
{
    const state_set askable = state_set::all() - state_kind::libraries;
    kinds_ = (touched_.begins | touched_.perhaps | (touched_.ends & pinned)) & askable;
    pinned_ |= touched_.begins & state_kind::libraries;
    if (!all_settings_)
        return;
    // The catalog lists neither the role nor custom settings; of the others it says as well whether
    // they are set, or have gone back to what they were.
    std::erase_if(names_, [](const std::string& name) { return !is_custom(name); });
    names_.emplace_back("role");
    for (const auto& [name, value] : *before_)
        if (is_custom(name))
            names_.push_back(name);
}

std::string session_inventory::sql() const
{
    const auto current = [](std::string_view kind, const std::string& name) {
        const std::string quoted = literal(name);
        return "SELECT '" + std::string(kind) + "'," + quoted + ",pg_catalog.current_setting(" +
               quoted + ",true);";
    };
    // In a transaction of its own kind: a serializable deferrable one would wait for others.
    std::string sql = "BEGIN ISOLATION LEVEL READ COMMITTED;";
    for (const std::string& name : names_)
        sql += current("setting", name);
    if (all_settings_) {
        // The client's statement_timeout must not cancel this; so it is looked at before.
        sql += current("timeout", "statement_timeout");
        sql += "SET LOCAL statement_timeout TO DEFAULT;";
        sql += current("default", "statement_timeout");
    }
    if (all_settings_ || !kinds_.empty())
        sql += "SET LOCAL statement_timeout=0;";
    if (all_settings_)
        sql += "SELECT 'set',name,pg_catalog.current_setting(name) FROM pg_catalog.pg_settings "
               "WHERE source OPERATOR(pg_catalog.=) 'session'::pg_catalog.text;";
    kinds_.each([&](state_kind kind) {
        sql += "SELECT 'state','";
        sql += std::to_string(static_cast<unsigned>(kind));
        sql += "','' ";
        sql += catalog_questions[static_cast<std::size_t>(kind)];
        sql += " LIMIT 1;";
    });
    return sql + "COMMIT";
}

void session_inventory::add(bytes row)
{
    field_reader fields{row};
    std::string kind;
    std::string name;
    std::string value;
    if (fields.u16() != 3 || !take_column(fields, kind) || !take_column(fields, name))
        return;
    const bool is_null = !take_column(fields, value);
    if (!fields.ok())
        return;
    if (kind == "state")
        state_set::all().each([&](state_kind one) {
            if (name == std::to_string(static_cast<unsigned>(one)))
                found_ |= one;
        });
    else if (kind == "timeout")
        statement_timeout_ = value;
    else if (kind == "default" && value != statement_timeout_)
        now_[name] = statement_timeout_;
    else if (kind == "setting")
        add_setting(name, std::move(value), is_null);
    else if (kind == "set" && !is_of_the_transaction(lower(name)))
        now_[lower(name)] = std::move(value);
}

void session_inventory::add_setting(const std::string& name, std::string value, bool is_null)
{
    // A custom setting that was reset is empty; so it is if it was SET so, which is the same to
    // most.
    const bool is_unset = is_null || (name == "role" && value == "none") ||
                          (all_settings_ && is_custom(name) && value.empty());
    if (is_unset)
        unset_.push_back(name);
    else
        now_[name] = std::move(value);
}

settings_map session_inventory::changed(settings_map settings) const
{
    for (const auto& [name, value] : now_)
        if (!is_tracked(name)) // what the server reports is known already
            settings[name] = value;
    for (const std::string& name : unset_)
        settings.erase(name);
    return settings;
}

settings_map session_inventory::of_server() const
{
    return changed(all_settings_ ? tracked_part(*before_) : *before_);
}

settings_map session_inventory::of_client(const settings_map& before,
                                          const settings_map& startup) const
{
    if (!all_settings_)
        return changed(before);
    settings_map out = of_server();
    for (const auto& [name, value] : startup)
        if (!now_.contains(name) && name != "session_authorization")
            out[name] = value;
    return out;
}

} // namespace weir::pgwire
