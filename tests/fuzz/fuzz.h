// SPDX-License-Identifier: GPL-3.0-or-later
// What libFuzzer, or the replay of a corpus, calls: one input, which must not crash, leak or hang it. Returns 0.
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);
