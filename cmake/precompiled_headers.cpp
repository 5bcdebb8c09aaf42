// SPDX-License-Identifier: BSD-2-Clause
// The precompiled header of userspace/ belongs to a target, and a target needs a source file.
