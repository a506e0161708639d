// Calls on sockets that Swift cannot import by itself. One line each; no logic lives here.
#pragma once

#include "CLinux.h"

// glibc declares it under _GNU_SOURCE only.
int clinux_accept4(int fd, int flags);

// glibc declares the address of these as a transparent union.
static inline int clinux_bind(int fd, const void *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int clinux_connect(int fd, const void *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}

// setsockopt(2) of an int at SOL_SOCKET.
static inline int clinux_set_option(int fd, int name, int value) {
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof value);
}

// getsockopt(2) of an int at SOL_SOCKET.
static inline int clinux_get_option(int fd, int name, int *value) {
    socklen_t length = sizeof *value;
    return getsockopt(fd, SOL_SOCKET, name, value, &length);
}
