// SPDX-License-Identifier: BSD-2-Clause
// A recording as one HTML file that needs nothing else: data, code and style are in it.
#pragma once

#include <string>
#include <string_view>

#include "result.h"

namespace report {

// `recording`: as to_json() has it. Whatever names it contains stay text: they are in the page as data, below a policy
// that lets no other code run than the page's own. Errors: built without the page (GBE_WEB_ASSETS=OFF).
Result<std::string> page_of(std::string_view recording);

} // namespace report
