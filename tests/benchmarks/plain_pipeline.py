"""What one would write without MONAI: PIL, a torch DataLoader and a loop."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import Dataset

GREY_MEAN, GREY_DEVIATION = 0.449, 0.226


class PlainDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Reads, equalises, squashes, augments and standardises at every access."""

    def __init__(self, data: Sequence[dict[str, Any]], size: int) -> None:
        self.data = data
        self.size = size

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        item = self.data[index]
        with Image.open(item["image"]) as file:
            image = ImageOps.equalize(file.convert("L"))
        image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
        shift = 28 * self.size / 224
        image = image.rotate(
            random.uniform(-40, 40),
            Image.Resampling.BILINEAR,
            translate=(random.uniform(-shift, shift), random.uniform(-shift, shift)),
        )
        if random.random() < 0.5:
            image = ImageOps.mirror(image)
        pixels = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255)[None]
        return (pixels - GREY_MEAN) / GREY_DEVIATION, torch.as_tensor(item["label"])
