# SPDX-License-Identifier: BSD-2-Clause
"""Takes its time to be imported."""

import time

time.sleep(0.05)
