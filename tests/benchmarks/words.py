"""Time of the search for text over that of a forward pass of DenseNet-121.

``python -m tests.benchmarks.words`` prints both an image, on phantom radiographs and one core.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.models.architectures import build_densenet
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.text.boxes import text_mask
from monai_covid.preprocessing.text.finder import TextFinder
from monai_covid.preprocessing.text.remove import inpaint

SIZES = (320, 1024)
SIDES = (736, 1024)
REPEATS = 5


def seconds(run: Callable[[], object]) -> float:
    run()  # the first one warms up
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return statistics.median(times)


def main() -> None:
    torch.set_num_threads(1)
    network = build_densenet("densenet121").eval()
    finders = {side: TextFinder(side) for side in SIDES}
    for size in SIZES:
        pixels = generate_covid_case(5, 3, "covid19", PhantomOptions(size=size)).pixels
        grey = pixels.astype("float32")
        image = preprocess_pixels(grey)[None]
        with torch.inference_mode():
            forward = seconds(lambda image=image: network(image))
        print(f"image of {size} px: inference at 224 px {1000 * forward:.0f} ms")
        for side, finder in finders.items():
            spent = seconds(lambda grey=grey, finder=finder: finder.find(grey))
            mask = text_mask(finder.find(grey), pixels.shape)
            filled = seconds(lambda grey=grey, mask=mask: inpaint(grey, mask))
            print(
                f"  search at {side:4} px {1000 * spent:5.0f} ms, {spent / forward:4.1f} x; "
                f"inpainting {1000 * filled:4.0f} ms, {filled / forward:4.1f} x"
            )


if __name__ == "__main__":
    main()
