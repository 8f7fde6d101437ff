"""ImageNet weights for the first transfer: torchvision's, a package's, or a local file."""

from __future__ import annotations

import http.client
import logging
import urllib.request
from pathlib import Path

import torch
from torch import Tensor, nn

from monai_covid.errors import WeightsError
from monai_covid.models.efficientnet import EFFICIENTNET, imagenet_efficientnet
from monai_covid.models.loading import load_backbone, read_state

logger = logging.getLogger(__name__)

IMAGENET_URLS = {
    "densenet121": "https://download.pytorch.org/models/densenet121-a639ec97.pth",
    "densenet201": "https://download.pytorch.org/models/densenet201-c1103571.pth",
}
"""torchvision's files; the last part of each name starts the file's SHA-256."""

CONNECT_SECONDS = 10.0


class WeightsUnavailableError(WeightsError):
    """The ImageNet weights are neither on this machine nor to be downloaded."""


def cached_file(architecture: str) -> Path:
    """Return where PyTorch keeps the downloaded weights of ``architecture``."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(IMAGENET_URLS[architecture]).name


def imagenet_state(architecture: str) -> dict[str, Tensor]:
    """Return ImageNet-pretrained weights: of a DenseNet torchvision's, downloaded once.

    The checksum in the file name is verified at download. Those of EfficientNet-Lite0 come with
    the packages of the extra ``features``.

    Args:
        architecture: One of ``architectures.ARCHITECTURES``.

    Raises:
        WeightsUnavailableError: If the file is not cached and cannot be downloaded.
        OptionError: If packages are missing.
    """
    if architecture == EFFICIENTNET:
        return imagenet_efficientnet()[0]
    url, cached = IMAGENET_URLS[architecture], cached_file(architecture)
    if not cached.is_file():
        _check_reachable(url)
        try:
            cached.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(cached), hash_prefix=_checksum(url))
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            raise WeightsUnavailableError(f"{url}: download failed ({error})") from error
    return read_state(cached)


def _checksum(url: str) -> str:
    return Path(url).stem.rsplit("-", 1)[1]


def _check_reachable(url: str) -> None:
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_SECONDS):
            return
    except (OSError, http.client.HTTPException) as error:
        raise WeightsUnavailableError(f"{url}: cannot be reached ({error})") from error


def start_from_imagenet(network: nn.Module, architecture: str, source: str = "auto") -> str:
    """Give ``network`` a backbone pretrained on ImageNet.

    Args:
        network: Changed in place.
        architecture: One of ``architectures.ARCHITECTURES``.
        source: ``auto`` (the weights of `imagenet_state`, or random weights with a warning when
            they cannot be had), ``required`` (these or an error), ``none`` (random weights), or the
            path of a local file in torchvision's or MONAI's naming, or that of the package.

    Returns:
        What the network starts from: ``imagenet``, ``random`` or the path.

    Raises:
        WeightsUnavailableError: For ``required`` without weights.
        WeightsError: For a path that does not exist or weights that do not fit.
    """
    if source == "none":
        return "random"
    if source not in ("auto", "required"):
        _load(network, read_state(source), source)
        return str(source)
    try:
        state = imagenet_state(architecture)
    except WeightsUnavailableError as error:
        if source == "required":
            raise
        logger.warning(
            "No ImageNet weights (%s): this network starts from RANDOM weights. "
            "Give a local torchvision file with --imagenet FILE to start from ImageNet.",
            error,
        )
        return "random"
    _load(network, state, f"ImageNet weights of {architecture}")
    return "imagenet"


def _load(network: nn.Module, state: dict[str, Tensor], file: str) -> None:
    try:
        load_backbone(network, state)
    except WeightsError as error:
        raise WeightsError(f"{file}: {error}") from error
