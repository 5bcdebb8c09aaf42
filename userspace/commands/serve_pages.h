// SPDX-License-Identifier: BSD-2-Clause
// What the web server gives out, made from the observer's state in the event loop's thread.
#pragma once

#include <string>

#include "commands/custom_metrics.h"
#include "commands/event_loop.h"
#include "commands/web_reload.h"
#include "metrics/page.h"
#include "observer/observer.h"
#include "web/routes.h"

namespace commands {

// All of them outlive the pages.
struct PageSources {
    EventLoop& loop;
    observer::Observer& observer;
    WebReload& reload;
    CustomMetrics* custom; // null: the application's own metrics are off
};

// To be called from the web server's threads.
web::Pages pages(const PageSources& sources, metrics::Build build, const std::string& telemetry_path);

} // namespace commands
