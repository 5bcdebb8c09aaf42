// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/worker_class.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>

namespace gunicorn {

namespace {

bool has_any_of(std::string_view worker_class, std::span<const std::string_view> parts) {
    std::string name(worker_class);
    std::ranges::transform(name, name.begin(), [](unsigned char each) { return std::tolower(each); });
    return std::ranges::any_of(parts, [&](auto part) { return name.contains(part); });
}

std::string_view fact_of(const Master& master, const char* name) {
    const auto found = master.read_facts.find(name);
    return found == master.read_facts.end() ? std::string_view{} : std::string_view{found->second};
}

} // namespace

bool is_event_loop(std::string_view worker_class) {
    static constexpr std::array<std::string_view, 6> kParts{"gevent",  "eventlet", "tornado",
                                                            "uvicorn", "asgi",     "aiohttp"};
    return has_any_of(worker_class, kParts);
}

bool takes_proxy_lines(const Master& master) {
    static constexpr std::array<std::string_view, 4> kOtherParsers{"uvicorn", "tornado", "aiohttp", "pywsgi"};
    if (has_any_of(fact_of(master, "worker_class"), kOtherParsers)) return false;
    return fact_of(master, "proxy_protocol") != "off";
}

event::Concurrency concurrency_of(const Master& master) {
    const auto fact = [&](const char* name) { return fact_of(master, name); };
    const bool was_asked = master.age_check.answered || !master.arbiter_unreadable.empty();
    // A command line says "sync" where a configuration file sets threads.
    const auto serves = was_asked && fact("concurrency").empty() ? fact("worker_class") : fact("concurrency");
    if (serves == "sync") return event::Concurrency::processes;
    if (serves == "gthread") return event::Concurrency::threads;
    return event::Concurrency::requests;
}

} // namespace gunicorn
