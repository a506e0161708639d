#define _GNU_SOURCE 1
#include "CLinux.h"

int clinux_accept4(int fd, int flags) { return accept4(fd, NULL, NULL, flags); }

_Static_assert(sizeof(struct clinux_ucred) == sizeof(struct ucred), "struct ucred");
