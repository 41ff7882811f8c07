"""Runs inside a new process before the command: gives up what the command must not have, then becomes the command.

A script of its own, for the standard library alone: `python -I limits.py BYTES SECONDS STATUS COMMAND…`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)
_DIE_WITH_PARENT = 1  # prctl(2)
_FILE = 4 * 2**30  # bytes that one file may grow to


def main() -> None:
    """Limit this process and become the command."""
    memory, seconds, status = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    status.write_text("none" if _leave_network(libc) else "open", encoding="utf-8")
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, _FILE)
    _lower(resource.RLIMIT_CPU, seconds * (os.cpu_count() or 1) + 10)
    # Private memory only: the libraries that torch maps are large, and are nobody's appetite.
    _lower(resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS, memory)
    os.environ["PORTERSIM_MAIN"] = str(os.getpid())
    try:
        os.execvp(sys.argv[4], sys.argv[4:])
    except OSError as error:
        print(f"{sys.argv[4]} cannot be started: {error.strerror}", file=sys.stderr)
        sys.exit(127)


def _lower(what: int, to: int) -> None:
    _, hard = resource.getrlimit(what)
    bound = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(what, (bound, bound))


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Into a network namespace that has nothing but the loopback, which torch.distributed needs."""
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_NETWORK) != 0:
        if libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
            return False
        for name, text in (("uid_map", f"{user} {user} 1"), ("setgroups", "deny"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
    _raise_loopback()
    return True


def _raise_loopback() -> None:
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        name_and_flags = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # up, running
        fcntl.ioctl(made.fileno(), 0x8914, name_and_flags)  # SIOCSIFFLAGS


if __name__ == "__main__":
    main()
