"""Files of one phantom image: the PNG and its ground-truth masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from monai_covid.data.phantom.image import PhantomImage


def save_image(folder: Path, name: str, image: PhantomImage) -> None:
    """Write ``images/<name>`` and ``masks/<stem>_{lesion,text,lung}.png`` into ``folder``.

    Masks are eight-bit PNGs of 0 and 255.
    """
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    Image.fromarray(image.pixels).save(folder / "images" / name)
    masks = {"lesion": image.lesion_mask, "text": image.text_mask, "lung": image.lung_mask}
    for kind, mask in masks.items():
        path = folder / "masks" / f"{Path(name).stem}_{kind}.png"
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path)
