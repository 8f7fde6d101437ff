"""The status pages."""

import json
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monai_covid.dicom.service.service import Service
from monai_covid.errors import OptionError
from tests.dicom.service.peers import Archive, free_port, send, wait_until
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image, refuse_all


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(text):
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_status_and_metrics_tell_what_happened(tmp_path, archive):
    port = free_port()
    gone = f"dicom://GONE@127.0.0.1:{free_port()}"

    def act(datasets):
        return refuse_all(datasets) if datasets[0].PatientID == "SECRET-2" else None

    chosen = settings(tmp_path, archive.url, gone, status_port=port)
    with running(chosen, FakeProcessor(act)) as service:
        one = image()
        assert send(service.port, one, image(PatientID="SECRET-2")) == [0, 0]
        assert send(service.port, image(StudyInstanceUID="")) == [0xC000]
        wait_until(lambda: folders(tmp_path, "quarantine") and folders(tmp_path, "sending"))
        wait_until(lambda: service.status()["destinations"][0]["waiting"] == 0)
        wait_until(lambda: service.metrics.totals()["results_delivered"] == 1)
        wait_until(lambda: service.metrics.totals()["results_failed"] >= 1)
        status = json.loads(get(port, "/status")[1])
        metrics = samples(get(port, "/metrics")[1])
        assert get(port, "/health")[0] == get(port, "/ready")[0] == 200
        assert get(port, "/else")[0] == 404
    assert status["state"] == "running"
    assert status["about"] == {"model": "fake"}
    assert status["notice"].startswith("Research use only")
    counts = {"received": 0, "processing": 0, "sending": 1, "undelivered": 0}
    counts |= {"quarantine": 1, "done": 0}
    assert status["studies"] == counts
    delivered, waiting = status["destinations"]
    assert (delivered["waiting"], delivered["last_error"]) == (0, "")
    assert (waiting["waiting"], waiting["last_error"]) == (1, "no connection (Connection refused)")
    assert status["totals"]["instances_received"] == 2
    assert {one["event"] for one in status["last_errors"]} == {
        "instance refused",
        "study quarantined",
        "delivery failed",
    }
    assert metrics["monai_covid_instances_received_total",] == 2
    assert metrics["monai_covid_instances_refused_total", "incomplete"] == 1
    assert metrics["monai_covid_studies_processed_total",] == 1
    assert metrics["monai_covid_studies_quarantined_total",] == 1
    assert metrics["monai_covid_results_delivered_total", archive.url] == 1
    assert metrics["monai_covid_results_failed_total", gone] >= 1
    assert metrics["monai_covid_studies", "sending"] == 1
    assert metrics["monai_covid_processing_seconds_count",] == 2
    assert metrics["monai_covid_received_to_delivered_seconds_count",] == 0


def test_the_time_to_delivery_is_counted_when_all_have_it(tmp_path, archive):
    second = Archive().start()
    with running(settings(tmp_path, archive.url, second.url), FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
        name = "monai_covid_received_to_delivered_seconds_count"
        wait_until(lambda: samples(service.metrics.text().decode())[name,] == 1)
    second.stop()


def test_ready_as_soon_as_images_are_received_and_kept(tmp_path, archive):
    port = free_port()
    service = Service(settings(tmp_path, archive.url, status_port=port))
    service.open()
    try:
        assert get(port, "/health")[0] == 200
        assert get(port, "/ready") == (503, "not ready\n")
        assert json.loads(get(port, "/status")[1])["state"] == "starting"
        service.receive()
        assert get(port, "/ready") == (200, "ready\n")
        assert send(service.port, image()) == [0]
        assert service.status()["state"] == "receiving"
        service.start(FakeProcessor())
        wait_until(lambda: folders(tmp_path, "done"))
    finally:
        service.stop()


def test_not_ready_while_the_spool_cannot_be_written(tmp_path):
    port = free_port()
    with running(settings(tmp_path, status_port=port), FakeProcessor()):
        assert get(port, "/ready")[0] == 200
        # As root permissions do not count: a folder that is not there fails as well.
        (tmp_path / "receiving").rename(tmp_path / "elsewhere")
        assert get(port, "/ready")[0] == 503
        (tmp_path / "elsewhere").rename(tmp_path / "receiving")
        assert get(port, "/ready")[0] == 200


def test_a_port_in_use_is_named_and_the_spool_let_go(tmp_path, archive):
    port = int(archive.url.rpartition(":")[2])
    with pytest.raises(OptionError, match=f"--status-port is {port}"):
        Service(settings(tmp_path, status_port=port)).open()
    with running(settings(tmp_path), FakeProcessor()):
        pass


def test_nothing_is_left_running(tmp_path, archive):
    with running(settings(tmp_path, archive.url, status_port=free_port()), FakeProcessor()):
        pass
    names = ("worker", "delivery", "listening", "housekeeping")
    wait_until(lambda: not [one for one in threading.enumerate() if one.name.startswith(names)])
