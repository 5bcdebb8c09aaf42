// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/worker_class.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace gunicorn {

bool is_event_loop(std::string_view worker_class) {
    static constexpr std::array<std::string_view, 6> kParts{"gevent",  "eventlet", "tornado",
                                                            "uvicorn", "asgi",     "aiohttp"};
    std::string name(worker_class);
    std::ranges::transform(name, name.begin(), [](unsigned char each) { return std::tolower(each); });
    return std::ranges::any_of(kParts, [&](auto part) { return name.contains(part); });
}

event::Concurrency concurrency_of(const Master& master) {
    const auto fact = [&](const char* name) {
        const auto found = master.read_facts.find(name);
        return found == master.read_facts.end() ? std::string_view{} : std::string_view{found->second};
    };
    const bool was_asked = master.age_check.answered || !master.arbiter_unreadable.empty();
    // A command line says "sync" where a configuration file sets threads.
    const auto serves = was_asked && fact("concurrency").empty() ? fact("worker_class") : fact("concurrency");
    if (serves == "sync") return event::Concurrency::processes;
    if (serves == "gthread") return event::Concurrency::threads;
    return event::Concurrency::requests;
}

} // namespace gunicorn
