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

// Propagation of failures in a function that itself returns a Result:
//     TRY(const auto text, read_file(path)); // declares `text`, or returns read_file's error
//     TRY_VOID(attach(program));             // the same for a Result<void>, or where the value is not needed
// The declaration is one without a comma outside parentheses; write `auto` or an alias for std::map<K, V>.
#define TRY(declaration, ...) GBE_TRY(declaration, GBE_CONCAT(try_result_, __LINE__), __VA_ARGS__)

#define TRY_VOID(...)                                                                                                  \
    do {                                                                                                               \
        if (auto&& try_result = (__VA_ARGS__); !try_result)                                                            \
            return std::unexpected(std::forward<decltype(try_result)>(try_result).error());                            \
    } while (false)

#define GBE_TRY(declaration, result, ...)                                                                              \
    auto&& result = (__VA_ARGS__);                                                                                     \
    if (!result) return std::unexpected(std::forward<decltype(result)>(result).error());                               \
    declaration = *std::forward<decltype(result)>(result)
#define GBE_CONCAT(left, right) GBE_CONCAT_EXPANDED(left, right)
#define GBE_CONCAT_EXPANDED(left, right) left##right
