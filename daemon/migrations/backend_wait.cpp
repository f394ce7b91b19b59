#include "daemon/migrations/backend_wait.hpp"

#include "daemon/migrations/failure.hpp"
#include "daemon/migrations/patience.hpp"

#include <utility>

namespace weir::migrations {

result<std::unique_ptr<link>>
wait_for_backend(backend& behind,
                 std::chrono::milliseconds limit,
                 const std::function<void(const std::string&)>& on_wait,
                 std::stop_token stop)
{
    using namespace std::chrono_literals;
    constexpr auto one_login = 10'000ms;
    constexpr auto longest_pause = 2'000ms;

    patience waiting{limit, longest_pause, stop};
    std::string known;
    for (;;) {
        auto logged_in = behind.log_in(one_login, stop);
        if (stop.stop_requested())
            return error{"57014", "the login was ended"};
        if (logged_in || !may_pass(logged_in.error()))
            return logged_in;
        if (const std::string& words = logged_in.error().message;
            std::exchange(known, words) != words)
            on_wait(known);
        if (!waiting.pause())
            return stop.stop_requested() ? error{"57014", "the login was ended"}
                                         : logged_in.error();
    }
}

} // namespace weir::migrations
