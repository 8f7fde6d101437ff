"""Finding and reading burnt-in text, with the packages of the extra ``audit``."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_covid.errors import OptionError
from monai_covid.preprocessing.text.boxes import TextBox, can_be_text, is_text

READER = "rapidocr_onnxruntime"
NEEDED = ("onnxruntime", "cv2", "pyclipper", "shapely", "six")
HOW_TO_INSTALL = "pip install 'monai-covid[audit]', then pip install --no-deps rapidocr-onnxruntime"

WORKING_SIDE = 1024
"""Short side in pixels: at 736 circled and faint side markers of NIH images are missed."""

LONGEST = 2.0
"""Longest side over the short one that the working picture may have; longer ones are shrunk."""

BORDER = 32
"""Pixels added on all sides, because text that touches an edge is not found."""

BOX_SCORE = 0.4

PIXEL_SCORE = 0.25
"""Both below the detector's defaults of 0.5 and 0.3, for faint markers; `is_text` sorts out what
they let through."""


class TextFinder:
    """Finds text with the detector and reader of RapidOCR (PP-OCRv4), whose weights it carries.

    Detection is a network of differentiable binarisation (Liao et al., AAAI 2020); nothing is
    loaded from elsewhere. The same image gives the same boxes.

    Printed words and the panel letters of journals are found dependably, lone side markers less so:
    bare letters that are tilted, faint or cut by the edge are often missed, and an electrode near a
    corner is now and then taken for a marker.

    Args:
        side: Short side in pixels to which images are scaled; the time grows with its square.
        threads: Processor cores to use.

    Raises:
        OptionError: If the packages of the extra ``audit`` are missing.
        ValueError: If a number is too small.
    """

    def __init__(self, side: int = WORKING_SIDE, threads: int = 1) -> None:
        """Load the networks."""
        check_text_extra()
        if side < 64 or threads < 1:
            raise ValueError(
                f"side must be at least 64, got {side}; threads at least 1, got {threads}"
            )
        self.side = side
        self._engine: Any = importlib.import_module(READER).RapidOCR(
            intra_op_num_threads=threads,
            inter_op_num_threads=1,
            det_limit_side_len=32,
            det_box_thresh=BOX_SCORE,
            det_thresh=PIXEL_SCORE,
            max_side_len=100 * side,
        )

    def find(self, pixels: NDArray[np.floating]) -> list[TextBox]:
        """Return the text on a radiograph, from top to bottom.

        Args:
            pixels: Grey values (H, W) of any scale, larger is brighter.

        Raises:
            ValueError: If it is not one grey image of finite values.
        """
        if pixels.ndim != 2 or not np.isfinite(pixels).all():
            raise ValueError(f"expected finite grey values (H, W), got shape {pixels.shape}")
        shape = (pixels.shape[0], pixels.shape[1])
        picture = working_picture(pixels, self.side)
        boxes = [box for box in self._detect(picture) if can_be_text(_in(picture, box), shape)]
        read = [_in(picture, box) for box in self._read(picture, boxes)]
        return [box for box in read if is_text(box, shape)]

    def _detect(self, picture: WorkingPicture) -> list[TextBox]:
        outlines, _ = self._engine(picture.pixels, use_det=True, use_cls=False, use_rec=False)
        return [TextBox(np.array(corners, dtype=np.float64), "", 0.0) for corners in outlines or []]

    def _read(self, picture: WorkingPicture, boxes: list[TextBox]) -> list[TextBox]:
        if not boxes:
            return []
        corners = [box.corners.astype(np.float32) for box in boxes]
        crops = self._engine.get_crop_img_list(picture.pixels, corners)
        texts, _ = self._engine.text_rec(crops)
        return [
            TextBox(box.corners, str(text).strip(), float(score))
            for box, (text, score, *_) in zip(boxes, texts, strict=True)
        ]


def _in(picture: WorkingPicture, box: TextBox) -> TextBox:
    return TextBox(picture.to_image(box.corners), box.text, box.score)


class WorkingPicture(NamedTuple):
    """A radiograph as the reader takes it.

    Attributes:
        pixels: ``(H', W', 3)`` uint8, all channels equal, border included.
        scale: Pixels of the picture per pixel of the radiograph, x and y.
    """

    pixels: NDArray[np.uint8]
    scale: tuple[float, float]

    def to_image(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points ``(..., 2)`` of the picture in pixels of the radiograph."""
        moved: NDArray[np.float64] = (corners - BORDER) / np.array(self.scale)
        return moved


def working_picture(pixels: NDArray[np.floating], side: int = WORKING_SIDE) -> WorkingPicture:
    """Return the picture to search: enlarged or shrunk until its short side is ``side``.

    Args:
        pixels: Grey values (H, W) of any scale, larger is brighter.
        side: In pixels.
    """
    height, width = pixels.shape
    scale = min(side / min(height, width), LONGEST * side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(eight_bits(pixels)).resize(size, Image.Resampling.BICUBIC)
    framed = np.pad(np.asarray(resized), BORDER, mode="edge")
    colours = np.repeat(framed[:, :, None], 3, axis=2)
    return WorkingPicture(colours, (size[0] / width, size[1] / height))


def eight_bits(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return grey values (H, W) of any scale as 0 to 255.

    Values are stretched between the smallest and the largest, because text is usually one of them.
    """
    low, high = float(pixels.min()), float(pixels.max())
    stretched = (pixels.astype(np.float64) - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(stretched).astype(np.uint8)


def check_text_extra() -> None:
    """Make sure that what reads text is installed.

    The reader asks for OpenCV with windows, which does not start on machines without a display
    (libGL is missing there). It works as well with ``opencv-python-headless``, which the extra
    ``audit`` brings; so the reader itself is installed without what it asks for.

    Raises:
        OptionError: If something is missing; the message says how to install it.
    """
    missing = missing_packages()
    if missing:
        raise OptionError(f"reading text needs {', '.join(missing)}: {HOW_TO_INSTALL}")


def missing_packages() -> list[str]:
    """Return the modules that are not installed."""
    return [name for name in (READER, *NEEDED) if find_spec(name) is None]
