#define _GNU_SOURCE 1
#include "Sockets.h"

int clinux_accept4(int fd, int flags) { return accept4(fd, NULL, NULL, flags); }
