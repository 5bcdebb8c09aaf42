// SPDX-License-Identifier: BSD-2-Clause
#include "commands/web_reload.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <utility>

#include "web/protection.h"

namespace commands {

// Follows symbolic links: Kubernetes swaps them instead of writing files.
std::optional<WebReload::Stamp> WebReload::stamp_of(const std::filesystem::path& file) {
    struct stat status{};
    if (stat(file.c_str(), &status) != 0) return std::nullopt;
    const auto modified =
        std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return Stamp{.modified = std::filesystem::file_time_type(modified),
                 .size = static_cast<std::uintmax_t>(status.st_size),
                 .inode = status.st_ino};
}

// Called before the files are read, so that what is written meanwhile is seen as a change. Files that cannot be read
// yet are included: a certificate may come after the configuration that names it.
void WebReload::remember_files() {
    if (auto named = web::files_of_protection(file_); !named.empty()) files_ = std::move(named);
    stamps_.clear();
    for (const auto& file : files_) stamps_[file] = stamp_of(file);
}

Result<web::Protection> WebReload::load() {
    state_ = {.successful = true, .last_success = std::chrono::system_clock::now()};
    if (file_.empty()) return web::Protection{};
    files_ = {file_};
    remember_files();
    return web::Protection::load(file_);
}

Result<void> WebReload::apply() {
    remember_files();
    TRY(auto loaded, web::Protection::load(file_));
    return server_->protect(std::move(loaded));
}

Result<void> WebReload::reload() {
    if (file_.empty() || server_ == nullptr) {
        state_ = {.successful = true, .last_success = std::chrono::system_clock::now()};
        return {};
    }
    if (auto applied = apply(); !applied) {
        state_.successful = false;
        spdlog::error("reload: {}; keeping the previous configuration", applied.error().text);
        return applied;
    }
    state_ = {.successful = true, .last_success = std::chrono::system_clock::now()};
    spdlog::info("reloaded {}", file_);
    return {};
}

void WebReload::look() {
    for (const auto& [file, stamp] : stamps_) {
        if (stamp == stamp_of(file)) continue;
        static_cast<void>(reload()); // reload() logs how that went
        return;
    }
}

} // namespace commands
