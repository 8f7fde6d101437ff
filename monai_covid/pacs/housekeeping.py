"""Bounds on what is kept for reference."""

from __future__ import annotations

import time
from pathlib import Path

from monai_covid.pacs.settings import Settings
from monai_covid.pacs.spool import Spool

SECONDS_A_DAY = 86_400.0


def tidy(spool: Spool, settings: Settings) -> None:
    """Delete quarantined studies that are too old, and records that are too old or too many."""
    now = time.time()
    for folder in _older(spool.quarantine, now - settings.keep_quarantine_days * SECONDS_A_DAY):
        spool.discard(folder)
    for record in _older(spool.done, now - settings.keep_done_days * SECONDS_A_DAY):
        record.unlink(missing_ok=True)
    # Names begin with the time.
    records = sorted(spool.done.glob("*.json"))
    for record in records[: max(0, len(records) - settings.keep_done)]:
        record.unlink(missing_ok=True)


def _older(folder: Path, limit: float) -> list[Path]:
    return [path for path in folder.iterdir() if path.stat().st_mtime < limit]
