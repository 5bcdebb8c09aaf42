// SPDX-License-Identifier: BSD-2-Clause
// What an application is called, as far as its master's command line tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gunicorn {

// What Gunicorn calls itself where nothing on its command line names it: not the name of an application.
inline constexpr std::string_view kNoName = "gunicorn";

// The name in a title that setproctitle wrote (empty if it is kNoName), else the value of --name, else the last
// argument of the form "module:callable". Empty when there is none of them (an embedded Gunicorn, names in a
// configuration file). A successor on SIGUSR2 has ".2" at the end of its title as long as its predecessor lives; it is
// cut off.
std::string app_name(const std::vector<std::string>& command_line, bool successor);

// The name in a title or of an Arbiter, without that ".2".
std::string without_generation(std::string name, bool successor);

} // namespace gunicorn
