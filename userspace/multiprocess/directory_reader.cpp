// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "descriptor.h"

namespace multiprocess {
namespace {

// Every file of the client has at least so much, and most end within it.
constexpr std::size_t kFirstRead = 65536;
constexpr std::size_t kMaxNames = 65536; // of a directory, whatever lies in it

std::vector<std::string> client_files_in(int directory) {
    std::vector<std::string> names;
    Descriptor own(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, int (*)(DIR*)> listing{own ? fdopendir(own.get()) : nullptr, closedir};
    if (!listing) return names;
    static_cast<void>(own.release()); // closedir() closes it
    std::size_t seen = 0;
    while (const auto* entry = readdir(listing.get())) {
        if (++seen > kMaxNames) break;
        if (is_client_file(entry->d_name)) names.emplace_back(entry->d_name);
    }
    return names;
}

std::optional<FileRefusal> refusal_of(procfs::OpenFailure failure) {
    switch (failure) {
    case procfs::OpenFailure::symbolic_link:
        return FileRefusal::symbolic_link;
    case procfs::OpenFailure::no_regular_file:
        return FileRefusal::no_regular_file;
    case procfs::OpenFailure::not_readable:
        return FileRefusal::unreadable;
    case procfs::OpenFailure::vanished:
    case procfs::OpenFailure::none:
        break;
    }
    return std::nullopt;
}

} // namespace

std::variant<std::span<const std::byte>, FileRefusal> DirectoryReader::read_bytes(int fd, Bytes& bytes,
                                                                                  std::size_t most) {
    const auto words = [](std::size_t size) { return (size + 7) / 8; };
    if (bytes.size() < words(kFirstRead)) bytes.resize(words(kFirstRead));
    for (int attempt = 0;; ++attempt) {
        const auto got = procfs::read_at(fd, bytes.data(), kFirstRead, 0);
        const auto used = used_bytes(std::as_bytes(std::span(bytes)).first(got));
        if (!used) return got < kFileHead ? FileRefusal::truncated : FileRefusal::malformed;
        // Older clients write a number by writing 0 first.
        if (*used == 0 && attempt < 3) continue;
        if (*used > most) return FileRefusal::too_large;
        if (*used > got && got < kFirstRead) return FileRefusal::truncated;
        if (*used > kFirstRead) {
            if (bytes.size() < words(*used)) bytes.resize(words(*used));
            auto* rest = reinterpret_cast<std::byte*>(bytes.data()) + kFirstRead;
            if (procfs::read_at(fd, rest, *used - kFirstRead, kFirstRead) < *used - kFirstRead)
                return FileRefusal::truncated;
        }
        return std::as_bytes(std::span(bytes)).first(*used);
    }
}

void DirectoryReader::read_zeros_again(int fd, std::span<const std::byte> bytes, Values& values) {
    const auto is_zero = [](const Entry& entry) { return entry.value == 0; };
    if (values.with_timestamps || std::ranges::none_of(values.entries, is_zero)) return;
    if (again_.size() < bytes_.size()) again_.resize(bytes_.size());
    if (procfs::read_at(fd, again_.data(), bytes.size(), 0) < bytes.size()) return;
    const auto second = decode_values(std::as_bytes(std::span(again_)).first(bytes.size()));
    const auto* others = std::get_if<Values>(&second);
    if (others == nullptr || others->entries.size() != values.entries.size()) return;
    for (std::size_t i = 0; i < values.entries.size(); ++i)
        if (is_zero(values.entries[i])) values.entries[i].value = others->entries[i].value;
}

std::variant<Values, FileRefusal> DirectoryReader::read_values(const procfs::OpenedFile& file, Allowance& allowance) {
    if (allowance.files == 0) return FileRefusal::too_many_files;
    --allowance.files;
    const int fd = file.descriptor.get();
    const auto read = read_bytes(fd, bytes_, allowance.file_bytes);
    if (const auto* refusal = std::get_if<FileRefusal>(&read)) return *refusal;
    const auto bytes = std::get<std::span<const std::byte>>(read);
    if (bytes.size() > allowance.bytes) return FileRefusal::too_many_bytes;
    allowance.bytes -= bytes.size();
    auto decoded = decode_values(bytes);
    if (auto* values = std::get_if<Values>(&decoded)) read_zeros_again(fd, bytes, *values);
    return decoded;
}

void DirectoryReader::take(File& file, const File* earlier, const Values& values, SeriesTable& table) {
    file.readings.reserve(values.entries.size());
    const auto known = earlier == nullptr ? std::span<const Reading>() : std::span<const Reading>(earlier->readings);
    for (std::size_t i = 0; i < values.entries.size(); ++i) {
        const auto& entry = values.entries[i];
        const auto guess = i < known.size() ? known[i].key : SeriesTable::kNone;
        Reading reading{table.id_of(file.name.type, entry.key, guess), entry.value, entry.timestamp};
        // Nothing but a gauge returns to 0 there: it is being written at this moment, and was in the second look, too.
        const bool is_being_written = reading.value == 0 && !values.with_timestamps && file.name.type != Type::gauge;
        if (is_being_written && reading.key != SeriesTable::kNone && reading.key == guess)
            reading.value = known[i].value;
        file.readings.push_back(reading);
    }
}

std::vector<DirectoryReader::Name> DirectoryReader::names_in(int directory, const IsLive& is_live,
                                                             const Refused& refused) {
    std::vector<Name> live;
    std::vector<Name> others;
    std::size_t place = 0;
    for (auto& name : client_files_in(directory)) {
        auto parsed = parse_file_name(name);
        if (!parsed) {
            refused(name, FileRefusal::unknown_name);
            continue;
        }
        const bool lives = is_live(parsed->pid);
        if (parsed->live && !lives) continue;
        (lives ? live : others).push_back({std::move(name), std::move(*parsed), place++});
    }
    std::ranges::move(others, std::back_inserter(live));
    return live;
}

const std::vector<DirectoryReader::File>& DirectoryReader::read(int directory, SeriesTable& table, Allowance& allowance,
                                                                const IsLive& is_live, const Refused& refused) {
    std::map<procfs::FileId, const File*> earlier;
    for (const auto& file : files_) earlier[file.id] = &file;
    std::vector<File> files;
    for (auto& [name, parsed, place] : names_in(directory, is_live, refused)) {
        const auto opened = procfs::open_regular_file(directory, name);
        if (!opened.descriptor) {
            if (const auto reason = refusal_of(opened.failure)) refused(name, *reason);
            continue;
        }
        const auto found = earlier.find(opened.id); // of another name: the number was used again
        const auto* before = found != earlier.end() && found->second->name == parsed ? found->second : nullptr;
        auto values = read_values(opened, allowance);
        auto& file = files.emplace_back(File{std::move(parsed), opened.id, place, {}});
        const auto* reason = std::get_if<FileRefusal>(&values);
        const bool is_empty = reason == nullptr && std::get<Values>(values).entries.empty();
        if (reason != nullptr) refused(name, *reason);
        if (reason == nullptr && !is_empty)
            take(file, before, std::get<Values>(values), table);
        else if (before != nullptr)
            file.readings = before->readings;
        else if (reason != nullptr)
            files.pop_back();
    }
    std::ranges::sort(files, {}, &File::place);
    files_ = std::move(files);
    return files_;
}

} // namespace multiprocess
