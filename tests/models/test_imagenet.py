"""ImageNet weights from the cache, a local file or a server, and what happens without any."""

import hashlib
import http.client
import logging
import threading
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.imagenet import (
    IMAGENET_URLS,
    WeightsUnavailableError,
    cached_file,
    imagenet_state,
    start_from_imagenet,
)
from tests.models.torchvision_densenet import TorchvisionDenseNet, old_names, randomise

BLOCKS = (1, 1, 1, 1)


@pytest.fixture(autouse=True)
def small_network(monkeypatch, tmp_path):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", BLOCKS)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


@pytest.fixture
def no_network(monkeypatch):
    requests = []

    def refuse(request, *_, **__):
        requests.append(request)
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return requests


@pytest.fixture
def source():
    return randomise(TorchvisionDenseNet(BLOCKS, outputs=7))


def save(source, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(old_names(source.state_dict()), file)
    return file


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def served(tmp_path):
    """Yield a folder and the address at which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def has_backbone_of(network, source):
    return torch.equal(network.features.norm5.running_var, source.features.norm5.running_var)


def test_auto_without_network_starts_at_random_and_says_so(no_network, caplog):
    network = build_densenet()
    before = network.features.conv0.weight.clone()
    with caplog.at_level(logging.WARNING):
        assert start_from_imagenet(network, "densenet121", "auto") == "random"
    assert torch.equal(network.features.conv0.weight, before)
    assert "RANDOM" in caplog.text
    assert "--imagenet" in caplog.text
    assert len(no_network) == 1


def test_required_without_network_is_an_error(no_network):
    with pytest.raises(WeightsUnavailableError, match=r"densenet121.*no route to host"):
        start_from_imagenet(build_densenet(), "densenet121", "required")


def test_none_leaves_the_network_alone(no_network):
    network = build_densenet()
    before = network.features.conv0.weight.clone()
    assert start_from_imagenet(network, "densenet121", "none") == "random"
    assert torch.equal(network.features.conv0.weight, before)
    assert not no_network


def test_a_local_file(no_network, source, tmp_path):
    file = save(source, tmp_path / "mine.pth")
    network = build_densenet(channels=1, outputs=3)
    assert start_from_imagenet(network, "densenet121", str(file)) == str(file)
    assert has_backbone_of(network, source)
    folded = source.features.conv0.weight.sum(1, keepdim=True)
    assert torch.equal(network.features.conv0.weight, folded)
    assert not no_network


def test_a_missing_local_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"absent\.pth: no such weights file"):
        start_from_imagenet(build_densenet(), "densenet121", str(tmp_path / "absent.pth"))


def test_a_local_file_that_does_not_fit_is_named(tmp_path):
    other = TorchvisionDenseNet((2, 1, 1, 1))
    file = save(other, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"(?s)other\.pth.*not part of the network"):
        start_from_imagenet(build_densenet(), "densenet121", str(file))


@pytest.mark.parametrize("how", ["auto", "required"])
def test_the_cached_file_is_used_without_the_network(no_network, source, how):
    save(source, cached_file("densenet121"))
    network = build_densenet(channels=3)
    assert start_from_imagenet(network, "densenet121", how) == "imagenet"
    assert has_backbone_of(network, source)
    assert not no_network


def test_a_damaged_cached_file_is_an_error_even_for_auto(no_network):
    cached_file("densenet121").parent.mkdir(parents=True)
    cached_file("densenet121").write_bytes(b"half a fi")
    with pytest.raises(WeightsError, match=r"densenet121-a639ec97\.pth: not a readable"):
        start_from_imagenet(build_densenet(), "densenet121", "auto")


def serve_weights(monkeypatch, served, source, checksum=None):
    folder, address = served
    file = save(source, folder / "weights.pth")
    checksum = checksum or hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    name = f"densenet121-{checksum}.pth"
    file.rename(folder / name)
    monkeypatch.setitem(IMAGENET_URLS, "densenet121", f"{address}/{name}")
    return folder / name


def test_download_then_cache(monkeypatch, served, source):
    file = serve_weights(monkeypatch, served, source)
    network = build_densenet(channels=3)
    assert start_from_imagenet(network, "densenet121", "required") == "imagenet"
    assert has_backbone_of(network, source)
    file.unlink()
    assert torch.equal(
        imagenet_state("densenet121")["features.conv0.weight"], source.features.conv0.weight
    )


def test_a_download_with_a_wrong_checksum_is_refused(monkeypatch, served, source):
    serve_weights(monkeypatch, served, source, checksum="0badc0de")
    with pytest.raises(WeightsUnavailableError, match="invalid hash value"):
        start_from_imagenet(build_densenet(channels=3), "densenet121", "required")
    assert not cached_file("densenet121").exists()


def test_a_file_that_is_not_served(monkeypatch, served):
    monkeypatch.setitem(IMAGENET_URLS, "densenet121", f"{served[1]}/densenet121-12345678.pth")
    with pytest.raises(WeightsUnavailableError, match="404"):
        imagenet_state("densenet121")


def test_an_answer_that_is_not_http(monkeypatch):
    def nonsense(*_, **__):
        raise http.client.BadStatusLine("SSH-2.0")

    monkeypatch.setattr(urllib.request, "urlopen", nonsense)
    with pytest.raises(WeightsUnavailableError, match="cannot be reached"):
        imagenet_state("densenet121")
