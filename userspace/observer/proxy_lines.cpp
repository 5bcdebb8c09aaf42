// SPDX-License-Identifier: BSD-2-Clause
#include "observer/proxy_lines.h"

#include <algorithm>
#include <variant>

#include "gunicorn/worker_class.h"

namespace observer {
namespace {

event::Responded* response_in(event::Event& event) {
    if (auto* traced = std::get_if<event::Traced>(&event)) return &traced->request;
    if (auto* aborted = std::get_if<event::Aborted>(&event)) return &aborted->request;
    return std::get_if<event::Responded>(&event);
}

bool is_of(const event::Responded& response, const gunicorn::Master& master) {
    return std::ranges::any_of(master.workers,
                               [&](const gunicorn::Worker& worker) { return worker.slot == response.slot; });
}

} // namespace

void restore_proxy_line(event::Event& event, const std::vector<gunicorn::Master>& masters) {
    auto* response = response_in(event);
    if (response == nullptr || !response->proxy_line || response->slot == 0) return;
    const auto master =
        std::ranges::find_if(masters, [&](const gunicorn::Master& each) { return is_of(*response, each); });
    if (master == masters.end() || gunicorn::takes_proxy_lines(*master)) return;
    response->request_line = "PROXY"; // of the rest nothing is kept, and it is no request line either
    response->request_line_cut = response->request_line_open = false;
}

} // namespace observer
