"""Counts and times of a running service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

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
        self.rejected = self._counter("associations_rejected", "Associations rejected")
        self.processed = self._counter("studies_processed", "Studies processed")
        self.quarantined = self._counter("studies_quarantined", "Studies put into quarantine")
        self.delivered = self._counter("results_delivered", "Results stored", "destination")
        self.failed = self._counter("results_failed", "Failed tries to send", "destination")
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
            totals[name] = sum(one.value for one in family.samples if one.name.endswith("_total"))
        return totals

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"monai_covid_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"monai_covid_{name}", text, buckets=SECONDS, registry=self.registry)
