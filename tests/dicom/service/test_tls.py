"""TLS when receiving and when sending."""

import socket
import ssl

import pytest

from monai_covid.errors import OptionError
from tests.dicom.service.certificates import self_signed
from tests.dicom.service.peers import Archive, association, send, wait_until
from tests.dicom.service.running import running, settings, try_to_start
from tests.dicom.service.studies import FakeProcessor, image


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {name: self_signed(folder, name) for name in ("service", "sender", "stranger")}


def client(pairs, shown=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pairs["service"].certificate)
    if shown:
        context.load_cert_chain(*pairs[shown])
    return context, "127.0.0.1"


def own(pairs, **others):
    service = pairs["service"]
    return {"tls_cert": service.certificate, "tls_key": service.key, **others}


def test_received_with_tls_only(tmp_path, pairs):
    with running(settings(tmp_path, **own(pairs)), FakeProcessor()) as service:
        assert send(service.port, image(), tls=client(pairs)) == [0x0000]
        with association(service.port) as plain:
            assert not plain.is_established


@pytest.mark.parametrize(
    ("shown", "accepted"), [("sender", True), ("stranger", False), (None, False)]
)
def test_senders_must_show_a_certificate_of_the_authority(tmp_path, pairs, shown, accepted):
    chosen = settings(tmp_path, **own(pairs, tls_ca=pairs["sender"].certificate))
    with (
        running(chosen, FakeProcessor()) as service,
        association(service.port, tls=client(pairs, shown)) as made,
    ):
        assert made.is_established == accepted


def test_old_versions_are_refused(tmp_path, pairs):
    context, _ = client(pairs)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        running(settings(tmp_path, **own(pairs)), FakeProcessor()) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection,
        pytest.raises(OSError),
    ):
        context.wrap_socket(connection, server_hostname="127.0.0.1")


def test_a_peer_that_says_nothing_does_not_keep_others_waiting(tmp_path, pairs):
    with (
        running(settings(tmp_path, **own(pairs, acse_timeout=600.0)), FakeProcessor()) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10),
    ):
        assert send(service.port, image(), tls=client(pairs)) == [0x0000]


def test_results_are_sent_with_tls_to_a_destination_that_proves_itself(tmp_path, pairs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pairs["sender"])
    archive = Archive().start(tls=context)
    url = archive.url.replace("dicom://", "dicoms://")
    trusting = settings(tmp_path / "a", url, send_ca=pairs["sender"].certificate)
    with running(trusting, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: len(archive.stored) == 1)
    doubting = settings(tmp_path / "b", url, send_ca=pairs["stranger"].certificate)
    with running(doubting, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: service.status()["destinations"][0]["last_error"])
        error = service.status()["destinations"][0]["last_error"]
    assert error == "no connection (certificate not accepted: self-signed certificate)"
    assert len(archive.stored) == 1
    archive.stop()


def test_files_that_are_no_certificates_are_named(tmp_path, pairs):
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    for others in (
        {"tls_cert": bad, "tls_key": pairs["service"].key},
        own(pairs, tls_ca=bad),
    ):
        with pytest.raises(OptionError, match=r"bad\.pem"):
            try_to_start(settings(tmp_path / "spool", **others))
    with pytest.raises(OptionError, match=r"--send-ca is .*bad\.pem"):
        try_to_start(settings(tmp_path / "spool", "dicoms://A@127.0.0.1:1", send_ca=bad))
