// SPDX-License-Identifier: BSD-2-Clause
// A build without web assets.
#include "assets/assets.h"

namespace assets {

std::span<const File> live_page() { return {}; }
std::span<const File> report_page() { return {}; }

} // namespace assets
