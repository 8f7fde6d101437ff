"""Features of images, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

import torch
from torch import Tensor, nn

from monai_covid.feature_maps import log_covariances, pooled

REMEMBERED = 100_000_000
"""Numbers that are remembered, 0.4 GB: covariances of 9,000 images, or more."""

MOMENTS, COVARIANCES = "moments", "covariances"
POOLINGS: Mapping[str, Callable[[Sequence[Tensor]], Tensor]] = {
    MOMENTS: pooled,
    COVARIANCES: log_covariances,
}
"""What stands for an image: each feature map by itself, or how the maps vary together."""


class PooledFeatures:
    """Features of images, remembered: the folds of a study meet the same images again.

    Attributes:
        maps: Network that returns feature maps, see ``feature_maps.Backbone``.
        device: Where it computes.
        flips: Whether features are means over an image and its mirror image. A linear probe
            then answers as if it had been asked for both, and is fitted to both.
        pool: Turns the feature maps of images into their features, see ``POOLINGS``.
    """

    def __init__(
        self,
        maps: nn.Module,
        device: str | torch.device = "cpu",
        *,
        flips: bool = False,
        pooling: str = MOMENTS,
    ) -> None:
        """Take the network; ``pooling`` is one of ``POOLINGS``."""
        self.device = torch.device(device)
        self.flips = flips
        self.pool = POOLINGS[pooling]
        self.maps = maps.to(self.device)
        self._known: OrderedDict[bytes, Tensor] = OrderedDict()

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the features ``(B, F)`` float64, on the processor; see ``POOLINGS``.

        Args:
            images: ``(B, 1, S, S)``, standardised.
        """
        keys = [_fingerprint(image) for image in images]
        # An image that stands twice in the batch is computed once.
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            batch = images[list(new.values())].to(self.device)
            rows = self._computed(batch).float().cpu()
            self._known.update(zip(new, rows, strict=True))
        found = torch.stack([self._known[key] for key in keys])
        for key in keys:  # what is asked for again and again is forgotten last
            self._known.move_to_end(key)
        while len(self._known) * found.shape[1] > REMEMBERED:
            self._known.popitem(last=False)
        return found.double()

    def _computed(self, images: Tensor) -> Tensor:
        rows = self.pool(self.maps(images))
        return (rows + self.pool(self.maps(images.flip(-1)))) / 2 if self.flips else rows


def _fingerprint(image: Tensor) -> bytes:
    values = image.contiguous().cpu().numpy()
    digest = blake2b(f"{values.shape} {values.dtype.str}".encode(), digest_size=16)
    digest.update(values.data)
    return digest.digest()
