// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "gunicorn/worker_class.h"

namespace gunicorn {
namespace {

TEST(WorkerClass, EventLoops) {
    for (const char* name :
         {"gevent", "gevent_pywsgi", "eventlet", "tornado", "asgi", "uvicorn.workers.UvicornWorker",
          "aiohttp.GunicornWebWorker", "aiohttp.worker.GunicornUVLoopWebWorker", "shop.workers.MyUvicornWorker"})
        EXPECT_TRUE(is_event_loop(name)) << name;
    for (const char* name : {"", "sync", "gthread", "shop.workers.Patient"}) EXPECT_FALSE(is_event_loop(name)) << name;
}

} // namespace
} // namespace gunicorn
