// SPDX-License-Identifier: BSD-2-Clause
#include "client_file.h"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace multiprocess {
namespace {

template <typename Number> void append(std::string& bytes, Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

} // namespace

std::string client_bytes(const std::vector<Written>& values, Layout layout) {
    std::string bytes(8, '\0');
    for (const auto& [key, value, timestamp] : values) {
        append(bytes, static_cast<std::uint32_t>(key.size()));
        bytes += key;
        bytes.append(8 - (key.size() + 4) % 8, ' ');
        append(bytes, value);
        if (layout == Layout::value_and_time) append(bytes, timestamp);
    }
    const auto used = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(bytes.data(), &used, sizeof used);
    return bytes;
}

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

Folder::Folder() {
    std::string name = std::filesystem::temp_directory_path() / "gbe-multiprocess-XXXXXX";
    path_ = mkdtemp(name.data());
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

void Folder::write(const std::string& name, const std::string& used) const {
    auto bytes = used;
    bytes.resize(std::max<std::size_t>(bytes.size(), 65536));
    // Into the same file if there is one: somebody may have it mapped.
    std::fstream file(path_ / name, std::ios::binary | std::ios::in | std::ios::out);
    if (!file) file.open(path_ / name, std::ios::binary | std::ios::out);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

int Folder::open() const { return ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

} // namespace multiprocess
