# SPDX-License-Identifier: BSD-2-Clause
"""Real servers, real clients and real scrapes for the end-to-end tests."""
