// SPDX-License-Identifier: BSD-2-Clause
// Numbers as the client reads and writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace multiprocess {

// Python's repr(), but from a million on with an exponent, as Go has it: "1.0", "0.005", "1e-05", "1.5e+06", "+Inf".
// The client writes two digits of exponent as "e+010", and negative numbers as Python does: so do we.
std::string client_number(double value);

// A bucket's bound.
std::optional<double> parse_bound(std::string_view text);

} // namespace multiprocess
