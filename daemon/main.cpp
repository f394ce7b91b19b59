// weir's command line: a verb and its options. CLI11 is known here and in commands/ only.
#include "daemon/commands/commands.hpp"
#include "daemon/version.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>

namespace {

int parse_and_run(int argc, char** argv)
{
    CLI::App app{"weir: one pool of database connections for all workers of a host.", "weir"};
    app.set_version_flag("--version",
                         "weir " + std::string{weir::version()} + " (" +
                             std::string{weir::compiler()} + ")");
    app.require_subcommand(0, 1); // none is looked for below: this way a mistyped one is named
    int status = 0;
    weir::commands::add_serve(app, status);
    weir::commands::add_url(app, status);
    weir::commands::add_check(app, status);
    weir::commands::add_status(app, status);
    weir::commands::add_top(app, status);
    weir::commands::add_migrate(app, status);
    weir::commands::add_operate(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2; // --help and --version come this way, too
    } catch (const std::exception& e) {
        std::cerr << "weir: " << e.what() << '\n';
        return 1;
    }
    if (app.get_subcommands().empty()) {
        std::cerr << app.help();
        return 2;
    }
    return status;
}

} // namespace

int main(int argc, char** argv)
{
    const int status = parse_and_run(argc, argv);
    errno = 0; // an earlier write may have failed, and then nobody knows any more why
    if (std::cout.flush())
        return status;
    std::cerr << "weir: cannot write to standard output";
    if (errno != 0)
        std::cerr << ": " << std::strerror(errno);
    std::cerr << '\n';
    return status == 0 ? 1 : status;
}
