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

} // namespace gunicorn
