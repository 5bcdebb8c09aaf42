// SPDX-License-Identifier: BSD-2-Clause
// What a client would like to be sent: RFC 9110 section 12.5, as far as this server has a choice to offer.
#pragma once

#include <string_view>

namespace web {

enum class Format { text, openmetrics };

// The Content-Type of a page in that format.
std::string_view content_type_of(Format format);

// From the value of an Accept header; empty when there was none. OpenMetrics only for a client that names it,
// because the text format is what a person with curl expects.
Format preferred_format(std::string_view accept);

// From the value of an Accept-Encoding header.
bool accepts_gzip(std::string_view accept_encoding);

} // namespace web
