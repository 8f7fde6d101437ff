"""Changes on disk that survive a crash of the process and of the machine."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""Errors of file systems without hard links."""


class Disk:
    """The steps by which the spool changes; after each, the change is on the disk itself.

    A rename within a file system is atomic, but neither it nor a file's content is on the disk
    before ``fsync`` of the file *and* of the folder that names it (see fsync(2)).
    """

    def write(self, path: Path, *parts: bytes | memoryview) -> None:
        """Write ``parts`` to the new file ``path``, which its owner alone may read, and sync it."""
        with open(path, "xb", opener=_for_the_owner) as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Wait until the disk has the names in ``folder``."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or a folder, durably; a file at ``target`` is replaced."""
        source.rename(target)
        self.sync_folder(target.parent)
        if source.parent != target.parent:
            self.sync_folder(source.parent)

    def make_folder(self, folder: Path) -> None:
        """Make ``folder`` unless it is there."""
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self.sync_folder(folder.parent)
            except OSError:
                # Otherwise it would be taken for synchronised the next time.
                with suppress(OSError):
                    folder.rmdir()
                raise

    def link(self, source: Path, target: Path) -> None:
        """Keep ``source`` as ``target`` too; it may be there from an earlier try.

        The caller synchronises the folder. Where there are no hard links, it is copied.
        """
        try:
            target.hardlink_to(source)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            temporary = target.with_name(f".{target.name}")
            temporary.unlink(missing_ok=True)
            self.write(temporary, source.read_bytes())
            temporary.rename(target)

    def write_json(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write or replace a small JSON file, which is at any time the old or the new one."""
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        temporary = path.with_name(f".{path.name}.{threading.get_ident()}")
        temporary.unlink(missing_ok=True)
        self.write(temporary, text.encode())
        self.rename(temporary, path)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file; nothing if it is absent or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
