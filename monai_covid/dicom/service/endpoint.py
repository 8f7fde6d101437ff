"""The status pages over HTTP: counts, times and the last errors of a running service."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from monai_covid.errors import OptionError

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

WAIT_FOR_REQUEST = 10.0
"""Seconds that a caller is given to send its request."""


class Endpoint:
    """Serves ``/status``, ``/metrics``, ``/health`` and ``/ready``."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        status: Callable[[], Mapping[str, Any]],
        metrics: Callable[[], bytes],
        ready: Callable[[], bool],
    ) -> None:
        """Listen on ``host`` and ``port`` and answer with what the functions return.

        Raises:
            OptionError: The address cannot be used.
        """

        def page(path: str) -> tuple[HTTPStatus, str, bytes]:
            if path == "/status":
                return HTTPStatus.OK, JSON, json.dumps(status(), indent=1).encode() + b"\n"
            if path == "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, metrics()
            if path == "/health":
                return HTTPStatus.OK, TEXT, b"alive\n"
            if path == "/ready":
                if ready():
                    return HTTPStatus.OK, TEXT, b"ready\n"
                return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, b"not ready\n"
            return HTTPStatus.NOT_FOUND, TEXT, b"/status, /metrics, /health or /ready\n"

        class Handler(_Pages):
            answer = staticmethod(page)

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise OptionError(
                f"--status-host is {host} and --status-port is {port}, which cannot be listened on "
                f"({error.strerror}); give an address of this machine and a free port"
            ) from error
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=[0.1], name="status", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Pages(BaseHTTPRequestHandler):
    timeout = WAIT_FOR_REQUEST
    answer: Callable[[str], tuple[HTTPStatus, str, bytes]]

    def do_GET(self) -> None:
        """Answer a request."""
        status, kind, content = self.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Leave requests out of the log: monitoring asks every few seconds."""


SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)


class QueueLengths(Collector):
    """Studies in each state, counted on disk whenever they are asked for."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Ask ``counts``."""
        self._counts = counts

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the lengths."""
        family = GaugeMetricFamily(
            "monai_covid_studies", "Studies in each state of the spool", labels=["state"]
        )
        for state, number in self._counts().items():
            family.add_metric([state], number)
        yield family


class Metrics:
    """What is counted since the service started, in a registry of its own."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Begin at zero; ``counts`` tells the lengths of the queues."""
        self.registry = CollectorRegistry()
        self.registry.register(QueueLengths(counts))
        self.received = self._counter("instances_received", "Instances acknowledged")
        self.refused = self._counter("instances_refused", "Instances refused", "reason")
        self.not_processed = self._counter(
            "instances_not_processed", "Instances acknowledged that are not processed", "attribute"
        )
        self.rejected = self._counter("associations_rejected", "Associations rejected")
        self.processed = self._counter("studies_processed", "Studies processed")
        self.quarantined = self._counter("studies_quarantined", "Studies put into quarantine")
        self.delivered = self._counter("results_delivered", "Results stored", "destination")
        self.failed = self._counter("results_failed", "Failed tries to send", "destination")
        self.not_taken = self._counter(
            "results_refused", "Results that a destination will not take", "destination", "kind"
        )
        self.committed = self._counter("results_committed", "Results committed", "destination")
        self.commitment_failed = self._counter(
            "results_commitment_failed", "Results reported as not kept", "destination"
        )
        self.not_committed = self._counter(
            "results_not_committed", "Results stored, not committed in time", "destination"
        )
        self.processing_seconds = self._histogram("processing_seconds", "Processing of one study")
        self.delivery_seconds = self._histogram(
            "received_to_delivered_seconds", "From a study's last image to its last result stored"
        )

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def totals(self) -> dict[str, float]:
        """Return the sum of each counter over its labels."""
        totals: dict[str, float] = {}
        for family in self.registry.collect():
            if family.type != "counter":
                continue
            name = family.name.removeprefix("monai_covid_")
            totals[name] = sum(
                sample.value for sample in family.samples if sample.name.endswith("_total")
            )
        return totals

    def reasons_not_processed(self) -> dict[str, int]:
        """Return how many acknowledged instances are not processed, by the attribute to blame."""
        (family,) = self.not_processed.collect()
        return {
            sample.labels["attribute"]: int(sample.value)
            for sample in family.samples
            if sample.name.endswith("_total")
        }

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"monai_covid_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"monai_covid_{name}", text, buckets=SECONDS, registry=self.registry)


KEPT = 20


class RecentErrors:
    """Keeps the latest errors for the status page; they hold no patient data."""

    def __init__(self) -> None:
        """Begin without any."""
        self._errors: deque[dict[str, str]] = deque(maxlen=KEPT)

    def add(self, event: str, reason: str) -> None:
        """Remember ``reason``."""
        time = datetime.now(UTC).isoformat(timespec="seconds")
        self._errors.append({"time": time, "event": event, "reason": reason})

    def latest_first(self) -> list[dict[str, str]]:
        """Return the errors."""
        return list(reversed(self._errors.copy()))
