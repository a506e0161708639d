extension Credentials {
    /// The structure that credentials were decoded from, and therefore what they prove.
    ///
    /// What each number means is in ``userIDMeaning``, ``groupIDMeaning`` and ``processIDMeaning``.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// Linux `struct ucred` of `SCM_CREDENTIALS`: attached to the very bytes of a message.
        case scmCredentials
        /// Linux `struct ucred` of `SO_PEERCRED`: whoever called connect(2), listen(2) or
        /// socketpair(2). Says nothing about who writes now.
        case peerCredentials
        /// This process, asked for its own ids (getpid(2), getresuid(2), getgroups(2)).
        case process
        /// OpenBSD `struct sockpeercred` of `SO_PEERCRED`: as long as Linux's `ucred`, in another
        /// order (sys/socket.h).
        case sockpeercred
        /// FreeBSD and DragonFly `struct cmsgcred` of `SCM_CREDS`, which the sender asks for (on
        /// DragonFly also the receiver, with `SO_PASSCRED`) and the kernel fills (sys/socket.h,
        /// unix(4), `unp_internalize`).
        case cmsgcred
        /// FreeBSD `struct sockcred` of `SCM_CREDS`, which the receiver asks for with
        /// `LOCAL_CREDS` (sys/socket.h, unix(4), `unp_addsockcred`). DragonFly has none.
        case sockcred
        /// FreeBSD `struct sockcred2` of `SCM_CREDS2`, which the receiver asks for with
        /// `LOCAL_CREDS_PERSISTENT` (sys/socket.h, unix(4)).
        case sockcred2
        /// NetBSD `struct sockcred` of `SCM_CREDS`, which the receiver asks for with `LOCAL_CREDS`
        /// (8 and later: it has a pid; sys/socket.h, unix(4)).
        case netBSDSockcred
        /// NetBSD `struct sockcred70` of `SCM_OCREDS`: `struct sockcred` of 7 and earlier, without
        /// a pid (sys/socket.h, compat/sys/socket.h).
        case netBSDSockcred70
        /// FreeBSD and DragonFly `struct xucred` of `LOCAL_PEERCRED` (sys/ucred.h, unix(4)).
        case xucred
        /// macOS `struct xucred` of `LOCAL_PEERCRED` (sys/ucred.h, unix(4)). It has no pid.
        case darwinXucred
        /// macOS `pid_t` of `LOCAL_PEERPID` (sys/un.h): who used the peer's socket last
        /// (`last_pid`, uipc_usrreq.c).
        case peerPID
        /// macOS `pid_t` of `LOCAL_PEEREPID` (sys/un.h): on whose behalf the peer's socket was
        /// used last, where it was delegated (`e_pid`, uipc_usrreq.c).
        case peerEPID
        /// NetBSD `struct unpcbid` of `LOCAL_PEEREID` (sys/un.h, unix(4)).
        case unpcbid
        /// illumos `ucred_t` of `SCM_UCRED`, which the receiver asks for with `SO_RECVUCRED`, and
        /// of getpeerucred(3C) (sys/ucred.h, ucred(3C)). Its privileges, labels and the saved ids
        /// are not decoded.
        case ucred
    }
}
