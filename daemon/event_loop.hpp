// The one thread on which weir decides. It waits for the relay's sockets, without Asio in between;
// what others post, Asio's handlers (signals, timers to a tick's precision) and the tick itself
// have their turn when it is woken for them.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <utility>

namespace weir {

class event_loop {
public:
    event_loop(); // throws std::system_error
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    // Runs `task` on the loop, soon; from any thread.
    template <class Task>
    void post(Task task)
    {
        boost::asio::post(context_, std::move(task));
        wake();
    }

    // Until stop() is called. `wait` returns when one of the alarms rings, or a signal has come;
    // `tick` is called every 100 ms.
    void run(const std::function<void()>& wait, const std::function<void()>& tick);
    void stop() { context_.stop(); }

    // For an epoll set, edge-triggered, and never read: something is posted, a tick is due.
    int posted() const { return posted_; }
    int ticks() const { return ticks_; }

    boost::asio::io_context& context() { return context_; }

private:
    void wake();
    bool is_tick_due();

    boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::atomic<bool> is_awake_ = true; // it looks for what is posted before it waits again
    int posted_;
    int ticks_;
};

} // namespace weir
