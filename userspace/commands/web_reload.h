// SPDX-License-Identifier: BSD-2-Clause
// Reads the file of --web.config.file again: when asked to, and when it or a file that it names has changed.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "model/snapshot.h"
#include "result.h"
#include "web/server.h"

namespace commands {

// Used by the event loop's thread only.
class WebReload {
public:
    // Nothing to reload without a file.
    explicit WebReload(std::string file) : file_(std::move(file)) {}

    // At start: an error here is one that ends the program.
    Result<web::Protection> load();
    // From now on reload() concerns it. It outlives this.
    void attach(web::Server& server) { server_ = &server; }

    // What fails leaves everything as it was; it is logged, and shown by state().
    Result<void> reload();
    // Reloads if a file is another than at the last time.
    void look();

    const model::Reload& state() const { return state_; }

private:
    struct Stamp {
        std::filesystem::file_time_type modified;
        std::uintmax_t size = 0;
        ino_t inode = 0;
        bool operator==(const Stamp&) const = default;
    };
    using Stamps = std::map<std::filesystem::path, std::optional<Stamp>>;

    static std::optional<Stamp> stamp_of(const std::filesystem::path& file);
    void remember_files();
    Result<void> apply();

    std::string file_;
    web::Server* server_ = nullptr;
    std::vector<std::filesystem::path> files_;
    Stamps stamps_;
    model::Reload state_;
};

} // namespace commands
