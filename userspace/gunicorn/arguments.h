// SPDX-License-Identifier: BSD-2-Clause
// Gunicorn's command line, and the one in the variable GUNICORN_CMD_ARGS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gunicorn {

using Arguments = std::vector<std::string>;

// The arguments behind the program "gunicorn"; those before are the interpreter's. Empty where a title has replaced
// them.
Arguments own_arguments(const Arguments& command_line);

// The values of "-b VALUE", "-bVALUE", "--bind VALUE" and "--bind=VALUE". `letter` may be empty.
Arguments values_of(const Arguments& arguments, std::string_view letter, std::string_view name);

// Splits as a shell does: at blanks outside of quotes. Empty if a quote is not closed.
Arguments split_arguments(std::string_view text);

} // namespace gunicorn
