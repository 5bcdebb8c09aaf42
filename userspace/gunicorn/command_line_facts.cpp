// SPDX-License-Identifier: BSD-2-Clause
// What a master's command line says of it.
#include <fmt/ranges.h>

#include "gunicorn/arguments.h"
#include "gunicorn/facts.h"

namespace gunicorn {
Facts facts_of_command_line(const std::vector<std::string>& command_line) {
    const auto arguments = own_arguments(command_line);
    Facts facts;
    if (const auto classes = values_of(arguments, "-k", "--worker-class"); !classes.empty())
        facts["worker_class"] = classes.back();
    const auto threads = values_of(arguments, "", "--threads");
    if (facts["worker_class"] == "sync" && !threads.empty() && threads.back() != "1") facts["worker_class"] = "gthread";
    if (facts["worker_class"].empty()) facts.erase("worker_class");
    if (const auto addresses = values_of(arguments, "-b", "--bind"); !addresses.empty())
        facts["bind"] = fmt::format("{}", fmt::join(addresses, ","));
    return facts;
}

} // namespace gunicorn
