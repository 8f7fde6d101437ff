"""Finding and reading burnt-in text."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_covid.words.boxes import TextBox
from monai_covid.words.extras import READER, check_text_extra
from monai_covid.words.grey import WORKING_SIDE, WorkingPicture, working_picture
from monai_covid.words.plausible import can_be_text, is_text

BOX_SCORE = 0.4
PIXEL_SCORE = 0.25
"""Both below the detector's defaults of 0.5 and 0.3, for faint markers; `is_text` sorts out what
they let through."""


class TextFinder:
    """Finds text with the detector and reader of RapidOCR (PP-OCRv4), whose weights it carries.

    Detection is a network of differentiable binarisation (Liao et al., AAAI 2020); nothing is
    loaded from elsewhere. The same image gives the same boxes.

    Printed words and journal letters are found dependably, lone side markers less so: bare letters
    that are tilted, faint or cut by the edge are often missed, and an electrode near a corner is
    now and then taken for a marker.

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
            raise ValueError(f"side is {side}, at least 64; threads is {threads}, at least 1")
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
        found, _ = self._engine(picture.pixels, use_det=True, use_cls=False, use_rec=False)
        return [TextBox(np.array(corners, dtype=np.float64), "", 0.0) for corners in found or []]

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
