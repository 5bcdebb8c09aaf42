// SPDX-License-Identifier: BSD-2-Clause
// A Python of this machine as a child process.
#include "python_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace python {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

void add_pyenv(std::vector<Command>& found) {
    std::error_code error;
    const fs::path versions = fs::path(environment("HOME", "/root")) / ".pyenv/versions";
    std::vector<Command> own;
    for (const auto& version : fs::directory_iterator(versions, error)) {
        const auto name = version.path().filename().string();
        if (!name.starts_with("3.") || std::atoi(name.c_str() + 2) < 8) continue;
        const auto program = version.path() / "bin/python3";
        if (fs::exists(program, error)) own.push_back({program.string()});
    }
    std::ranges::sort(own);
    found.insert(found.end(), own.begin(), own.end());
}

void add_roots(std::vector<Command>& found) {
    std::error_code error;
    const fs::path cache = environment("GBE_CACHE", "/var/cache/gunicorn-bpf-exporter-tests");
    for (const auto* suite : {"bullseye", "trixie", "sid"}) {
        const auto root = cache / ("root-" + std::string(suite));
        if (!fs::exists(root / "VERSIONS", error)) continue;
        const auto libraries = root / "usr/lib/x86_64-linux-gnu";
        auto loader = libraries / "ld-linux-x86-64.so.2";
        if (!fs::is_regular_file(loader, error)) loader = libraries / "ld-2.31.so"; // bullseye's
        const auto python = fs::read_symlink(root / "usr/bin/python3", error);
        found.push_back({"/usr/bin/env", "PYTHONHOME=" + (root / "usr").string(), loader.string(), "--library-path",
                         libraries.string(), (root / "usr/bin" / python).string()});
    }
}

} // namespace

std::vector<Command> interpreters_here() {
    std::vector<Command> found{{"/usr/bin/python3"}};
    add_pyenv(found);
    add_roots(found);
    std::istringstream words(environment("GBE_PYTHON", ""));
    Command further;
    for (std::string word; words >> word;) further.push_back(word);
    if (!further.empty()) found.push_back(further);
    return found;
}

PythonProcess::PythonProcess(Command command, const std::vector<std::string>& arguments) {
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<char*> words;
    for (auto& word : command) words.push_back(word.data());
    words.push_back(nullptr);

    std::array<int, 2> output{};
    std::array<int, 2> input{};
    if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(input.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    const int error = posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    close(input[0]);
    output_ = output[0];
    input_ = input[1];
    if (error != 0) throw std::runtime_error("cannot start " + command.front());
}

PythonProcess::~PythonProcess() {
    close(input_);
    close(output_);
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

std::string PythonProcess::line() {
    std::string text;
    for (char byte = 0; read(output_, &byte, 1) == 1; text += byte)
        if (byte == '\n') return text;
    throw std::runtime_error("the Python process said no more than \"" + text + "\"");
}

} // namespace python
