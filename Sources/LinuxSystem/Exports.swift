// Owned descriptors, Unix sockets and system call errors are of SocketCredentials, which other
// packages can use without the rest of this target; here they are part of the system's interface.
@_exported public import SocketCredentials
