// SPDX-License-Identifier: BSD-2-Clause
// Reads the files of one directory, over and over. They belong to somebody whom we do not trust, and change meanwhile.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "multiprocess/aggregation.h"
#include "multiprocess/file_name.h"
#include "multiprocess/limits.h"
#include "multiprocess/refusal.h"
#include "multiprocess/series_table.h"
#include "multiprocess/values_file.h"
#include "procfs/below_root.h"

namespace multiprocess {

// What may still be read of one target in one scrape.
struct Allowance {
    std::size_t files;
    std::size_t bytes;
    std::size_t file_bytes;
};

class DirectoryReader {
public:
    struct File {
        FileName name;
        procfs::FileId id;
        std::size_t place = 0; // in the directory
        std::vector<Reading> readings;
    };
    using IsLive = std::function<bool(const std::string& pid)>;
    using Refused = std::function<void(const std::string& file, FileRefusal reason)>;

    // In the order in which the directory lists them, in which the client adds up, too: sums of fractions depend on it.
    // Those of processes that live are read first: what dead workers have left behind only grows in number, and would
    // use up what may be read. A file that cannot be read this time has the values that it had the time
    // before: a sum without it would look like a counter that starts anew. Those that are gone are gone, and those of
    // gauges that count only while their process lives, when it does not.
    const std::vector<File>& read(int directory, SeriesTable& table, Allowance& allowance, const IsLive& is_live,
                                  const Refused& refused);

    // The keys have other ids from now on.
    void forget() { files_.clear(); }

private:
    struct Name {
        std::string file;
        FileName parsed;
        std::size_t place; // in the directory
    };
    static std::vector<Name> names_in(int directory, const IsLive& is_live, const Refused& refused);

    using Bytes = std::vector<std::uint64_t>; // aligned like the file itself: the kernel copies a value at once

    std::variant<Values, FileRefusal> read_values(const procfs::OpenedFile& file, Allowance& allowance);
    std::variant<std::span<const std::byte>, FileRefusal> read_bytes(int fd, Bytes& bytes, std::size_t most);
    void read_zeros_again(int fd, std::span<const std::byte> bytes, Values& values);
    void take(File& file, const File* earlier, const Values& values, SeriesTable& table);

    std::vector<File> files_; // as last read
    Bytes bytes_;
    Bytes again_;
};

} // namespace multiprocess
