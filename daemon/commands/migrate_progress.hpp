// What is told on stderr while a database is migrated: on a terminal a bar for what runs now, else
// lines in the form of Alembic's log.
#pragma once

#include "daemon/commands/migrate_json.hpp"
#include "daemon/migrations/migrator.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::commands {

class migrate_progress final : public migrations::observer {
public:
    // The graph says what is known of a revision that begins; it outlives this.
    migrate_progress(migrations::direction way, const migrations::revision_graph& graph);
    ~migrate_progress() { clear_bar(); }

    void on_progress(const migrations::progress& now) override;
    void on_applied(const migrations::step& done, std::chrono::milliseconds took) override;
    void on_line(std::string_view line) override;
    void on_notice(std::string_view words) override;
    void on_warning(std::string_view what) override;

    void say(std::string_view level, std::string_view words);
    void summary(const std::vector<applied_step>& steps); // the last line

    const std::vector<applied_step>& applied() const { return applied_; }

private:
    void draw_bar(const migrations::progress& now);
    void clear_bar();

    migrations::direction way_;
    const migrations::revision_graph& graph_;
    bool on_terminal_;
    bool has_bar_ = false;
    std::string last_; // a wait is told once, though it is asked about again and again
    std::vector<applied_step> applied_;
};

} // namespace weir::commands
