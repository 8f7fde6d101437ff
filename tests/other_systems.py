"""What this process would be on Windows or macOS, as far as the package could notice.

Called in a process of its own: it takes away what only Linux (or POSIX) has, and says what
``monai-covid`` does with the arguments. The libraries beneath are loaded before.
"""

import ctypes
import importlib
import os
import pkgutil
import platform
import signal
import sys

import monai.bundle  # noqa: F401
import pydicom  # noqa: F401
import torch  # noqa: F401

SIGNALS = ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE", "alarm")
FUNCTIONS = (
    *("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"),
    *("fork", "forkpty", "killpg", "setsid", "getpgid", "getuid", "geteuid", "getgid"),
    *("statvfs", "sched_getaffinity", "sysconf", "mkfifo", "fdatasync", "posix_fadvise"),
)
MODULES = ("fcntl", "termios", "pwd", "grp", "resource")


def take_away(system: str) -> None:
    """Take away what ``system``, ``win32`` or ``darwin``, lacks."""
    if system == "win32":
        for name in SIGNALS:
            vars(signal).pop(name, None)
        for name in FUNCTIONS:
            vars(os).pop(name, None)
        for name in MODULES:
            sys.modules[name] = None
    platform.libc_ver = lambda *_: ("", "")
    ctypes.CDLL = _no_glibc
    sys.platform = system


def _no_glibc(*_: object) -> None:
    raise TypeError("there is no C library without a name")


def import_everything() -> None:
    """Import every module of the package."""
    import monai_covid

    for module in pkgutil.walk_packages(monai_covid.__path__, "monai_covid."):
        if not module.name.endswith(("__main__", "gdcm_process")):
            importlib.import_module(module.name)


if __name__ == "__main__":
    take_away(sys.argv[1])
    if "predict" in sys.argv:
        import_everything()
    from monai_covid.cli.main import main

    sys.exit(main(sys.argv[2:]))
