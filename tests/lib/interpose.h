// SPDX-License-Identifier: GPL-3.0-or-later
// For libraries that are loaded before a program (LD_PRELOAD) and stand before functions of others.
#pragma once
#include <dlfcn.h>

#define EXPORT __attribute__ ((visibility ("default")))

// The function of that name that is behind ours; looked for once. NEXT_VERSION: where there are several.
#define NEXT_FOUND(name, found)                                                                              \
  __extension__({                                                                                            \
    static __typeof__ (&name) next;                                                                          \
    if (next == NULL)                                                                                        \
      *(void **)&next = found;                                                                               \
    next;                                                                                                    \
  })
#define NEXT(name)                  NEXT_FOUND (name, dlsym (RTLD_NEXT, #name))
#define NEXT_VERSION(name, version) NEXT_FOUND (name, dlvsym (RTLD_NEXT, #name, version))
