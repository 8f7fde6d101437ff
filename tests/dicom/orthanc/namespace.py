"""A machine whose only network interface is its loopback.

Orthanc 1.10 listens on every address whatever its configuration says, with storage open to anyone.
"""

import socket

from tests.missing import missing

HOW = "run 'make test-pacs', or the tests under 'unshare --net sh -c \"ip link set lo up && …\"'"


def interfaces() -> list[str]:
    """Names of the network interfaces of this process's network namespace."""
    return sorted(name for _, name in socket.if_nameindex())


def require_loopback_only() -> None:
    """Skip, or fail in CI, unless nothing outside this machine can reach a server started here."""
    found = interfaces()
    if found != ["lo"]:
        missing(f"Orthanc is started only where lo is the only interface, here: {found}; {HOW}")
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            socket.create_connection(listener.getsockname(), timeout=5).close()
        except OSError as error:
            missing(f"lo does not work ({error}): 'ip link set lo up'; {HOW}")
