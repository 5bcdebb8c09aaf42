// SPDX-License-Identifier: BSD-2-Clause
// The lexical elements that the text format 0.0.4 and OpenMetrics 1.0 have in common.
#pragma once

#include <string>
#include <string_view>

#include "multiprocess/names.h"

namespace metrics {

enum class Quotes { keep, escape };

// A number as the metrics documentation writes it: "42.0", "0.005", "15.234", "+Inf", "-Inf", "NaN". The shortest
// text that reads back as the same double; whole numbers up to 2^53 without exponent.
void append_number(std::string& out, double value);

// Label values and HELP texts: backslash and newline are escaped, quotes where asked for. Bytes that are no UTF-8, and
// NUL, become U+FFFD: one such byte would make a reader refuse the whole scrape.
void append_escaped(std::string& out, std::string_view text, Quotes quotes);

using multiprocess::is_label_name;
using multiprocess::is_metric_name;

} // namespace metrics
