"""Reading the image of a sample."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from monai_covid.data.images import read_image

PATH_KEY_SUFFIX = "_path"


class ReadRadiographd(MapTransform):
    """Replace the path of a radiograph by its grey values.

    ``sample[key]`` becomes a plain float32 tensor (1, H, W), see `read_image`; the path is kept as
    a string under ``key + "_path"``.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        """Take the keys that hold paths.

        Args:
            keys: Keys of the paths.
            allow_missing_keys: Whether samples without a key pass unchanged.
        """
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the images read.

        Raises:
            ImageReadError: An image cannot be read or is not a radiograph.
        """
        sample = dict(data)
        for key in self.key_iterator(sample):
            path = Path(sample[key])
            sample[key] = torch.from_numpy(read_image(path))[None]
            sample[f"{key}{PATH_KEY_SUFFIX}"] = str(path)
        return sample
