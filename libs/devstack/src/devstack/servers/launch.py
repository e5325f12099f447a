"""Run a server that ends when its parent ends: ``launch.py … PROGRAM``.

This is a script, not a function that runs between fork and exec, because only a fresh
single-threaded process can safely change its user. It needs only the standard library.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def become(user: str, *, pass_through: bool) -> None:
    """Change from root to ``user``.

    ``pass_through`` keeps the capability to walk through directories closed to that user, such as
    a checkout below ``/root``. Without the bit that is set first, ``access`` would not heed the
    capability, and Postgres asks it whether its programs can be run.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    entry = pwd.getpwnam(user)
    if pass_through:
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.initgroups(user, entry.pw_gid)
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if pass_through:
        bit = 1 << CAP_DAC_OVERRIDE
        sets = (_Set * 2)(_Set(bit, bit, bit), _Set(0, 0, 0))
        if libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), sets) != 0:
            raise OSError(ctypes.get_errno(), "capset")
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def follow_parent(parent: int, with_signal: signal.Signals) -> None:
    """Ask the kernel to send this process ``with_signal`` when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the request
        sys.exit(1)


def main() -> None:
    """Arguments: parent's pid, signal at its death, user or ``-``, ``walk`` or ``-``, program."""
    parent, with_signal, user, walk, *program = sys.argv[1:]
    if user != "-":
        become(user, pass_through=walk == "walk")
    follow_parent(
        int(parent), signal.Signals[with_signal]
    )  # a later change of user would cancel this
    os.execv(program[0], program)  # noqa: S606 - a trusted program, without a shell


if __name__ == "__main__":
    main()
