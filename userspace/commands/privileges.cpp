// SPDX-License-Identifier: BSD-2-Clause
#include "commands/privileges.h"

#include <fmt/format.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "check/capabilities.h"
#include "errno_text.h"

namespace commands {

namespace {

struct Freed {
    void operator()(cap_t set) const { cap_free(set); }
};
using Set = std::unique_ptr<std::remove_pointer_t<cap_t>, Freed>;

std::unexpected<Error> system_error(std::string_view step) {
    return errno_failure(fmt::format("give up privileges: {}", step), errno);
}

bool permitted(const Set& set, int number) {
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(set.get(), number, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

std::vector<cap_value_t> kept_of(const Set& held, const Plans& plans) {
    std::vector<cap_value_t> kept;
    const auto keep = [&](bool needed, int number) {
        if (needed && permitted(held, number)) kept.push_back(number);
    };
    for (const auto& each : check::capabilities()) {
        if (!each.stays) continue;
        keep(true, each.number);
        // The one that includes it stands for it.
        if (each.included_in) keep(!permitted(held, each.number), each.included_in->number);
    }
    keep(plans.probes_interpreters, CAP_SYS_ADMIN);
    keep(plans.listens, CAP_NET_BIND_SERVICE);
    keep(plans.writes_files, CAP_DAC_OVERRIDE);
    return kept;
}

// Only who has CAP_SETPCAP may, and the others lose nothing: without execve() the set has no effect.
Result<void> empty_bounding_set(const Set& held) {
    if (!permitted(held, CAP_SETPCAP)) return {};
    for (cap_value_t number = 0; number < cap_max_bits(); number++) {
        if (cap_get_bound(number) > 0 && cap_drop_bound(number) != 0) return system_error("empty the bounding set");
    }
    return {};
}

} // namespace

Result<void> drop_privileges(const Plans& plans) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("set no_new_privs");
    const Set held{cap_get_proc()};
    const Set wanted{cap_init()};
    if (!held || !wanted) return system_error("read capabilities");
    TRY_VOID(empty_bounding_set(held));
    const auto kept = kept_of(held, plans);
    const auto count = static_cast<int>(kept.size());
    for (const auto flag : {CAP_PERMITTED, CAP_EFFECTIVE}) {
        if (cap_set_flag(wanted.get(), flag, count, kept.data(), CAP_SET) != 0) return system_error("choose them");
    }
    if (cap_reset_ambient() != 0) return system_error("empty the ambient set");
    if (cap_set_proc(wanted.get()) != 0) return system_error("set capabilities");
    return {};
}

} // namespace commands
