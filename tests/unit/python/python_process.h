// SPDX-License-Identifier: BSD-2-Clause
// A Python of this machine as a child process that holds the objects of sample.py and waits.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace python {

using Command = std::vector<std::string>;

// Every CPython 3.8 and newer that is found: Debian's, pyenv's, those of root directories that tests/roots made (run
// by their own dynamic loader), and the command in GBE_PYTHON. At least one.
std::vector<Command> interpreters_here();

class PythonProcess {
public:
    // Throws std::runtime_error when it does not start; `arguments` go behind the command.
    PythonProcess(Command command, const std::vector<std::string>& arguments);
    ~PythonProcess();
    PythonProcess(const PythonProcess&) = delete;
    PythonProcess& operator=(const PythonProcess&) = delete;

    pid_t pid() const { return pid_; }
    // The next line that it prints, without its end.
    std::string line();

private:
    pid_t pid_ = -1;
    int output_ = -1; // what it prints
    int input_ = -1;  // it waits for the end of this
};

} // namespace python
