// SPDX-License-Identifier: BSD-2-Clause
// Bytes as the Python client writes them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace multiprocess {

enum class Layout { value, value_and_time };

struct Written {
    std::string key;
    double value = 0;
    double timestamp = 0;
};

// Those in use, without the zeros behind them.
std::string client_bytes(const std::vector<Written>& values, Layout layout);

std::span<const std::byte> as_bytes(const std::string& text);

// A folder that goes when the test is over.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    // 64 KiB, as the client makes them, or what is used if that is more.
    void write(const std::string& name, const std::string& used) const;
    int open() const; // for the caller to close

private:
    std::filesystem::path path_;
};

} // namespace multiprocess
