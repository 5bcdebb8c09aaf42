// SPDX-License-Identifier: BSD-2-Clause
// Recoverable failures are return values. This alias is the only place that names std::expected.
#pragma once

#include <expected>
#include <string>
#include <utility>

// A sentence for a person: stage, object, errno and what to do, for example
// "attach tp_btf/sys_exit: EPERM (needs CAP_PERFMON)".
struct Error {
    std::string text;
};

template <typename Value> using Result = std::expected<Value, Error>;

inline std::unexpected<Error> fail(std::string text) { return std::unexpected(Error{std::move(text)}); }
