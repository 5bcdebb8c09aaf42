// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/configuration_file.h"

#include <cctype>
#include <optional>

#include "gunicorn/arguments.h"
#include "procfs/below_root.h"
#include "procfs/fields.h"

namespace gunicorn {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

bool is_part_of_word(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_'; }

bool mentions(std::string_view line, std::string_view word) {
    for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
        const bool begins = at == 0 || !is_part_of_word(line[at - 1]);
        const auto end = at + word.size();
        if (begins && (end == line.size() || !is_part_of_word(line[end]))) return true;
    }
    return false;
}

std::string_view without_blanks(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
}

// The text of: name = "text"  # a comment
std::optional<std::string> assigned_text(std::string_view line, std::string_view name) {
    if (!line.starts_with(name)) return std::nullopt;
    auto rest = without_blanks(line.substr(name.size()));
    if (!rest.starts_with('=')) return std::nullopt;
    rest = without_blanks(rest.substr(1));
    if (!rest.starts_with('"') && !rest.starts_with('\'')) return std::nullopt;
    const auto end = rest.find(rest.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    const auto text = rest.substr(1, end - 1);
    const auto behind = without_blanks(rest.substr(end + 1));
    if (text.empty() || text.contains('\\') || !(behind.empty() || behind.starts_with('#'))) return std::nullopt;
    return std::string(text);
}

// Whether a line ends within a text of three quotes that began there or before.
void follow_long_text(std::string_view line, std::string_view& open) {
    for (std::size_t i = 0; i + 3 <= line.size();) {
        const auto three = line.substr(i, 3);
        const bool is_quote = three == "\"\"\"" || three == "'''";
        if (open.empty() && line[i] == '#') return;
        if (!is_quote || (!open.empty() && open != three)) {
            ++i;
            continue;
        }
        open = open.empty() ? three : std::string_view{};
        i += 3;
    }
}

struct Setting {
    std::string_view name;
    std::optional<std::string> text;
    bool doubtful = false;

    void take(std::string_view line) {
        if (without_blanks(line).starts_with('#') || !mentions(line, name)) return;
        auto assigned = assigned_text(line, name);
        doubtful = doubtful || text || !assigned;
        text = std::move(assigned);
    }
};

// The configuration file's path as Gunicorn was given it; empty where it cannot be known.
std::string file_of(const Arguments& own, const Arguments& of_environment) {
    auto given = values_of(own, "-c", "--config");
    if (given.empty()) given = values_of(of_environment, "-c", "--config");
    std::string path = given.empty() ? "gunicorn.conf.py" : given.back();
    if (path.starts_with("python:")) return {};
    if (path.starts_with("file:")) path.erase(0, 5);
    const bool moves = !values_of(own, "", "--chdir").empty() || !values_of(of_environment, "", "--chdir").empty();
    return moves && !path.starts_with('/') ? std::string{} : path;
}

} // namespace

std::string name_in_configuration(std::string_view text) {
    Setting name{.name = "proc_name", .text = {}};
    Setting application{.name = "wsgi_app", .text = {}};
    for (std::string_view open; !text.empty();) {
        const auto line = procfs::next_line(text);
        if (open.empty()) {
            name.take(line);
            application.take(line);
        }
        follow_long_text(line, open);
    }
    if (name.doubtful) return {};
    if (name.text) return *name.text;
    return application.doubtful ? std::string{} : application.text.value_or("");
}

std::string configured_name(const procfs::ProcFs& proc, pid_t pid, const std::vector<std::string>& command_line) {
    const auto own = own_arguments(command_line);
    if (own.empty() && !command_line.empty() && command_line.front().starts_with("gunicorn: ")) return {};
    const auto variable = proc.environment(pid, "GUNICORN_CMD_ARGS");
    const auto of_environment = split_arguments(variable ? variable->value_or("") : "");
    if (const auto names = values_of(of_environment, "-n", "--name"); !names.empty()) return names.back();
    const auto path = file_of(own, of_environment);
    if (path.empty()) return {};
    const auto text = procfs::beginning_of_file_of(proc, pid, path, kMaxFile);
    return text.size() == kMaxFile ? std::string{} : name_in_configuration(text);
}

} // namespace gunicorn
