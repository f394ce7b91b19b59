#include "daemon/doctor/connection_advice.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::doctor {
namespace {

struct advice {
    std::string_view sqlstate; // empty: any
    std::string_view words;    // in the message; empty: any
    std::string_view fix;
};

constexpr std::string_view wants_tls =
    "the server wants TLS (or has no line for this host in pg_hba.conf): add sslmode=require or "
    "verify-full to the URL";
constexpr std::string_view wrong_kind_of_server =
    "no host in the URL is what its target_session_attrs asks for: name all hosts of the cluster, "
    "or ask for less (any, prefer-standby)";

// The first that fits. What libpq finds out by itself has no code of its own but 08001.
constexpr std::array all{
    advice{"28P01", "no password supplied", "give a password in the URL, or a passfile"},
    advice{"28P01", "", "mend user and password in the URL; ALTER ROLE ... PASSWORD sets one"},
    // Before the next two: where TLS has been tried as well, it is not what is missing.
    advice{"28000",
           "SSL encryption",
           "add a line for this user, database and host to the server's pg_hba.conf, and SELECT "
           "pg_reload_conf()"},
    advice{"28000",
           "SSL on",
           "add a line for this user, database and host to the server's pg_hba.conf, and SELECT "
           "pg_reload_conf()"},
    advice{"28000", "no encryption", wants_tls},
    advice{"28000", "SSL off", wants_tls},
    advice{"28000",
           "valid client certificate",
           "the server wants a certificate of yours: add sslcert and sslkey to the URL"},
    advice{"28000",
           "certificate authentication failed",
           "the certificate in sslcert has another user's name: mend either, or pg_ident.conf"},
    advice{"28000", "does not exist", "mend the user in the URL, or CREATE ROLE ... LOGIN"},
    advice{"28000",
           "",
           "the server does not let this role in from here: pg_hba.conf, ALTER ROLE ... LOGIN"},
    advice{"42501",
           "permission denied for database",
           "GRANT CONNECT ON DATABASE ... TO the user in the URL"},
    advice{"55000",
           "not currently accepting connections",
           "ALTER DATABASE ... ALLOW_CONNECTIONS true"},
    advice{"3D000", "", "mend the database's name in the URL, or CREATE DATABASE"},
    advice{"53300",
           "",
           "raise max_connections or the role's and the database's limits, or lower "
           "what other clients of the server may open"},
    advice{"57P03", "", "wait: the server starts, stops or recovers"},
    advice{"",
           "server does not support SSL",
           "switch ssl on at the server, or lower sslmode in the URL (prefer, disable)"},
    advice{"",
           "root certificate file",
           "let sslrootcert in the URL name the file of the CA that has signed the server's "
           "certificate"},
    advice{
        "",
        "group or world access",
        "chmod 600 the file that sslkey in the URL names, and give it to the user that weir runs "
        "as"},
    advice{"",
           "private key file",
           "let sslkey in the URL name the key of the certificate in sslcert, readable to the user "
           "that weir runs as"},
    advice{
        "",
        "could not read certificate file",
        "let sslcert in the URL name your certificate (PEM), readable to the user that weir runs "
        "as"},
    advice{"", "read-only", wrong_kind_of_server},
    advice{"", "hot standby mode", wrong_kind_of_server},
    advice{"",
           "certificate verify failed",
           "the certificate is not signed by the CA in sslrootcert: give the right CA's file"},
    advice{"",
           "does not match host name",
           "use the name in the server's certificate as the host, or sslmode=verify-ca"},
    advice{"",
           "could not translate host name",
           "mend the host's name in the URL, or the host's resolver (getent hosts NAME)"},
    advice{"",
           "Connection refused",
           "nobody listens there: start the server, mend host and port, or listen_addresses in "
           "postgresql.conf"},
    advice{"",
           "No such file or directory",
           "no server has its socket there: start it, or mend host and port in the URL"},
    advice{"",
           "Permission denied",
           "you may not open the server's socket: unix_socket_permissions, "
           "unix_socket_group in postgresql.conf"},
    advice{"08001", "timeout", "no answer: mend the host, or the firewall between"},
    advice{"08001", "timed out", "no answer: mend the host, or the firewall between"},
    advice{"08006", "", "the server hung up: its own log says why"},
};

} // namespace

finding failed_connection(const std::string& backend, const error& why)
{
    const auto fits = [&](const advice& a) {
        return (a.sqlstate.empty() || a.sqlstate == why.code.text()) &&
               why.message.find(a.words) != why.message.npos;
    };
    const auto found = std::ranges::find_if(all, fits);
    std::string what = why.message;
    for (const std::string& more : {why.detail, why.hint})
        if (!more.empty())
            what += "; " + more;
    return {severity::error,
            backend,
            "connection",
            std::move(what),
            std::string(found == all.end() ? "mend the URL, or what the server says" : found->fix)};
}

} // namespace weir::doctor
