"""What the network sees of an image: squashed, equalised, and once more without its shading."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from monai_covid.transforms.equalise import equalize_histogram
from monai_covid.transforms.resize import resize_to_square

INPUT_SIZE = 128
"""Side of the network's input in pixels: lungs are large, and an image takes milliseconds."""

CHANNELS = 2
NEIGHBOURHOOD = 25
"""Side in pixels of the window whose mean and contrast are taken out: about three ribs."""

LEAST_CONTRAST = 0.02


def prepare(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return the input of the network for grey values of any scale and shape.

    Args:
        pixels: (H, W), larger is brighter, finite.

    Returns:
        (2, 128, 128) float32: the equalised image, -1 to 1, and the image with mean and contrast of
        the neighbourhood taken out, about -3 to 3. Neither depends on scale or offset.
    """
    # 32 bits hold what files hold; doubles and long integers must lose their offset first.
    values = pixels.astype(np.result_type(pixels.dtype, np.float32))
    values -= values.min()
    values /= max(float(values.max()), np.finfo(np.float32).tiny)
    image = torch.from_numpy(values.astype(np.float32, copy=False))[None]
    grey = equalize_histogram(resize_to_square(image, INPUT_SIZE))[0].numpy()
    mean = uniform_filter(grey, NEIGHBOURHOOD, mode="nearest")
    variance = uniform_filter(np.square(grey - mean), NEIGHBOURHOOD, mode="nearest")
    # The running sums of the filter leave rounding errors, also below zero.
    contrast = np.sqrt(np.maximum(variance, 0.0)) + LEAST_CONTRAST
    return np.stack([2.0 * grey - 1.0, (grey - mean) / contrast]).astype(np.float32)
