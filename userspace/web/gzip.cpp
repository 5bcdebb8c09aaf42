// SPDX-License-Identifier: BSD-2-Clause
// One call of zlib's deflate per page.
#include "web/gzip.h"

#include <zlib.h>

#include <limits>

namespace web {

Result<std::string> gzip(std::string_view page) {
    constexpr int kGzipWrapper = 16; // added to the window bits: zlib writes the gzip header and trailer
    constexpr int kMemoryLevel = 8;
    if (page.size() > std::numeric_limits<uInt>::max() / 2) return fail("compress the page: it is over 2 GiB");
    // The fastest level: metric text repeats itself so much that the others gain little for several times the cost.
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + kGzipWrapper, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return fail("compress the page: zlib could not start (out of memory)");
    std::string compressed(deflateBound(&stream, static_cast<uLong>(page.size())), '\0');
    stream.next_in = reinterpret_cast<const Bytef*>(page.data());
    stream.avail_in = static_cast<uInt>(page.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    const int outcome = deflate(&stream, Z_FINISH);
    compressed.resize(stream.total_out);
    deflateEnd(&stream);
    if (outcome != Z_STREAM_END) return fail("compress the page: zlib did not finish");
    return compressed;
}

} // namespace web
