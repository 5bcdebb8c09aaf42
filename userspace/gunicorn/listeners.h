// SPDX-License-Identifier: BSD-2-Clause
// The sockets on which a master's workers accept, and the connections that a worker has open on them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gunicorn/facts.h"
#include "procfs/procfs.h"

namespace gunicorn {

struct ListeningSocket {
    std::uint64_t inode;
    std::uint16_t port; // 0: of a unix socket
    std::string name;   // as Gunicorn writes it: "127.0.0.1:8000", "[::1]:8000", "unix:/run/app.sock"
};

// The sockets that the process holds and that listen, TCP and unix. Empty when it is gone.
std::vector<ListeningSocket> listening_sockets(const procfs::ProcFs& proc, pid_t pid);

// Whether a listener of a master is one on which Gunicorn serves. Gunicorn's control socket (25.1 and later) is not: a
// unix socket that `facts` (facts.h) do not list. TCP sockets are taken as they are, since addresses have several
// spellings.
bool serves_application(const std::string& name, const Facts& facts);

// The sockets on which a worker accepts: those of its master's that it has too. With --reuse-port, from Gunicorn 24 on,
// there are none, and it has its own. (In any other case its own ones are servers of the application.)
struct Listeners {
    std::vector<ListeningSocket> sockets;
    bool own = false;
};
Listeners listeners_of_worker(const procfs::ProcFs& proc, pid_t worker, pid_t master);

struct OpenConnection {
    int fd;
    std::uint64_t inode;
};

// Connections of the process that were accepted on one of `listeners`: TCP ones by the listener's address and port,
// unix ones by its path (an accepted socket carries the listener's name).
std::vector<OpenConnection> open_connections(const procfs::ProcFs& proc, pid_t pid,
                                             const std::vector<ListeningSocket>& listeners);

} // namespace gunicorn
