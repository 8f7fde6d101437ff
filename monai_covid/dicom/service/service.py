"""All parts of the service together."""

from __future__ import annotations

import gc
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.dicom.service.arrivals import Arrivals
from monai_covid.dicom.service.c_store import CStoreSender
from monai_covid.dicom.service.commitment_requests import CommitmentRequester
from monai_covid.dicom.service.commitments import Commitments
from monai_covid.dicom.service.committing import CommitmentReports, Committing
from monai_covid.dicom.service.crashes import last_crash
from monai_covid.dicom.service.delivery import Backoff, Delivery
from monai_covid.dicom.service.destinations import (
    Destination,
    Sender,
    committing,
    parse_destinations,
)
from monai_covid.dicom.service.durable import Disk
from monai_covid.dicom.service.endpoint import Endpoint, Metrics, RecentErrors
from monai_covid.dicom.service.jobs import Jobs
from monai_covid.dicom.service.kinds import KindByKind
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.outbox import Outbox
from monai_covid.dicom.service.receiver import Receiver
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.service.spool import Spool, tidy
from monai_covid.dicom.service.stow import StowSender
from monai_covid.dicom.service.tls import sending_context
from monai_covid.dicom.service.worker import Worker
from monai_covid.dicom.study import StudyProcessor

TIDY_EVERY = 3600.0
"""Seconds between two looks for what is too old."""

SENDING_ENDS_IN = 5.0
"""Seconds that an instance being sent is given at the end."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Service:
    """Receives, has processed and sends back, from :meth:`start` to :meth:`stop`.

    From :meth:`receive` on images are taken and kept, which is the time to load a model; they are
    processed from :meth:`start` on.
    """

    def __init__(
        self,
        settings: Settings,
        about: Mapping[str, str] | None = None,
        disk: Disk | None = None,
    ) -> None:
        """Prepare everything that can be wrong with the settings.

        Args:
            settings: The settings.
            about: What ``/status`` says of the processor, such as the model's name and hash.
            disk: How changes on disk are made.

        Raises:
            OptionError: A setting is not usable.
        """
        self.settings = settings
        self._about = dict(about or {})
        self._state = "starting"
        self._begun = time.monotonic()
        self.spool = Spool(settings.spool, disk, reserve=round(settings.reserve_mb * 1_000_000))
        self.metrics = Metrics(self._counts)
        self._errors = RecentErrors()
        destinations = parse_destinations(settings.send_to)
        asked = committing(destinations, settings.storage_commitment)
        self._commitments = Commitments(
            self.spool, [destination.key for destination in asked], settings.commitment_wait
        )
        self._outbox = Outbox(
            self.spool, [destination.key for destination in destinations], self._commitments
        )
        self._reports = CommitmentReports(
            self._commitments,
            {destination.key: destination.url for destination in asked},
            self.metrics,
            self._wake,
        )
        self._deliveries = [self._delivery(destination) for destination in destinations]
        self._committing = {
            destination.url: self._committed_by(destination, scp)
            for destination, scp in asked.items()
        }
        self._threads: list[Delivery | Committing] = [
            *self._deliveries,
            *self._committing.values(),
        ]
        self._arrivals: Arrivals | None = None
        self._endpoint: Endpoint | None = None
        self._receiver: Receiver | None = None
        self._worker: Worker | None = None
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        """Return the port that instances are received on."""
        return self._receiver.port if self._receiver else 0

    def open(self) -> None:
        """Take the spool and show the status pages.

        Raises:
            OptionError: The spool or the address of the status pages is not usable.
        """
        self.spool.open()
        settings = self.settings
        try:
            self._settle()
            if settings.status_port:
                self._endpoint = Endpoint(
                    settings.status_host,
                    settings.status_port,
                    status=self.status,
                    metrics=self.metrics.text,
                    ready=self._is_ready,
                )
        except BaseException:
            self.spool.close()
            raise

    def _settle(self) -> None:
        """Find out whether the study that was being processed ended the process before this one."""
        crash = last_crash(self.spool.folder)
        if crash:
            log_event("crashed before", logging.ERROR, reason=crash)
        try:
            Jobs(self.spool).settle(crash)
        # On a disk that cannot be written, its attempt counts.
        except OSError as error:
            log_event("settling failed", logging.ERROR, reason=place_of(error))

    def receive(self) -> None:
        """Receive and keep images, and deliver what is on disk.

        Raises:
            OptionError: The address or a TLS file is not usable.
        """
        self._commitments.load()
        self._arrivals = Arrivals(self.spool, self.settings.quiet_time)
        receiver = Receiver(
            self.settings,
            self._arrivals,
            metrics=self.metrics,
            errors=self._errors,
            announce=self._arrived,
            reports=self._reports if self._committing else None,
        )
        receiver.start()
        self._receiver = receiver
        for sending in self._threads:
            sending.start()
        threading.Thread(target=self._tidy, name="housekeeping", daemon=True).start()
        self._state = "receiving"
        self._warn_if_open()
        log_event("listening", host=self.settings.host, port=self.port, version=__version__)

    def start(self, processor: StudyProcessor) -> None:
        """Process what was received, and receive if that has not begun.

        Raises:
            OptionError: The address or a TLS file is not usable.
        """
        if self._arrivals is None:
            self.receive()
        assert self._arrivals is not None
        self._worker = Worker(
            self.settings,
            self._arrivals,
            Jobs(self.spool),
            processor,
            announce=self._wake,
            metrics=self.metrics,
            errors=self._errors,
        )
        # pynetdicom's server collects garbage every few polls, which looks at all of a model.
        gc.collect()
        gc.freeze()
        self._worker.start()
        self._state = "running"
        log_event("processing")

    def stop(self) -> bool:
        """Receive nothing more, finish what is being done, leave the rest on disk.

        Returns:
            Whether all threads have ended; if not, a study or a transfer took longer than allowed
            and begins anew when the service is started again.
        """
        self._state = "stopping"
        self._ended.set()
        log_event("stopping")
        if self._receiver:
            self._receiver.stop()
        for sending in self._threads:
            sending.stop()
        ended = True
        if self._worker:
            ended = self._worker.stop(self.settings.stop_wait)
            limit = time.monotonic() + SENDING_ENDS_IN
            for sending in self._threads:
                ended &= sending.join(max(0.0, limit - time.monotonic()))
        if self._endpoint:
            self._endpoint.stop()
        self.spool.close()
        self._state = "stopped"
        log_event("stopped", finished=ended)
        return ended

    def status(self) -> dict[str, Any]:
        """Return what ``/status`` shows; nothing of it is patient data."""
        return {
            "state": self._state,
            "notice": RESEARCH_USE_ONLY,
            "version": __version__,
            "about": self._about,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "uptime_seconds": round(time.monotonic() - self._begun, 1),
            "ae_title": self.settings.ae_title,
            "port": self.port,
            "studies": self._counts(),
            "destinations": [self._state_of(delivery) for delivery in self._deliveries],
            "totals": self.metrics.totals(),
            "not_processed": self.metrics.reasons_not_processed(),
            "last_errors": self._errors.latest_first(),
        }

    def _is_ready(self) -> bool:
        return self._state in ("receiving", "running") and self.spool.is_writable()

    def _arrived(self) -> None:
        if self._worker:
            self._worker.wake()

    def _counts(self) -> dict[str, int]:
        return self.spool.counts()

    def _wake(self) -> None:
        for sending in self._threads:
            sending.wake()

    def _state_of(self, delivery: Delivery) -> dict[str, Any]:
        asked = self._committing.get(delivery.destination.url)
        return delivery.state() | ({"commitment": asked.state()} if asked else {})

    def _backoff(self, destination: Destination) -> Callable[[], Backoff]:
        settings = self.settings
        random = Random(f"{settings.ae_title} {settings.port} {destination.url}")
        return lambda: Backoff(settings.send_retry, settings.send_retry_most, random)

    def _delivery(self, destination: Destination) -> Delivery:
        return Delivery(
            destination,
            _sender(destination, self.settings),
            self._outbox,
            self._backoff(destination),
            attempts=self.settings.send_attempts,
            metrics=self.metrics,
            errors=self._errors,
            announce=self._stored,
        )

    def _committed_by(self, destination: Destination, scp: Destination) -> Committing:
        settings = self.settings
        return Committing(
            destination,
            CommitmentRequester(scp, settings, _tls(scp, settings), self._reports),
            self._outbox,
            self._backoff(destination),
            attempts=settings.send_attempts,
            metrics=self.metrics,
            errors=self._errors,
            announce=self._wake,
        )

    def _stored(self) -> None:
        for asked in self._committing.values():
            asked.wake()

    def _tidy(self) -> None:
        while not self._ended.is_set():
            try:
                tidy(self.spool, self.settings)
            # Whatever is not deleted now is deleted later; the service goes on.
            except OSError as error:
                log_event("tidying failed", logging.WARNING, reason=place_of(error))
            self._ended.wait(TIDY_EVERY)

    def _warn_if_open(self) -> None:
        settings = self.settings
        if settings.host not in LOOPBACK and not (settings.allow or settings.tls_ca):
            log_event(
                "open to all", logging.WARNING, host=settings.host, advice="--allow or --tls-ca"
            )


def _sender(destination: Destination, settings: Settings) -> Sender:
    if destination.is_web:
        return KindByKind(StowSender(destination, settings))
    return KindByKind(CStoreSender(destination, settings, _tls(destination, settings)))


def _tls(destination: Destination, settings: Settings) -> ssl.SSLContext | None:
    return sending_context(settings) if destination.scheme == "dicoms" else None
