# SPDX-License-Identifier: BSD-2-Clause
"""A worker class of an application's own, whose name does not say that it is an event loop."""

from uvicorn.workers import UvicornWorker


class Worker(UvicornWorker):
    pass
