"""What the bundle's configs of inference, explanation and evaluation put together.

Called from a config, each of these ends the run with one clear line after an error of the user's
input; see `or_exit`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from monai.engines import Evaluator

from monai_covid.data import images
from monai_covid.errors import or_exit
from monai_covid.inference import evaluated, held_out, image
from monai_covid.models import model_file
from monai_covid.preprocessing import prepare
from monai_covid.preprocessing.probability import ProbabilityFromLogitsd

P = ParamSpec("P")
T = TypeVar("T")


def _part(function: Callable[P, T]) -> Callable[P, T]:
    @wraps(function)
    def ending_clearly(*args: P.args, **kwargs: P.kwargs) -> T:
        return or_exit(function, *args, **kwargs)

    return ending_clearly


model_info = _part(model_file.model_info_or_default)
load_weights = _part(model_file.load_weights)
check_preprocessing = _part(prepare.check_preprocessing)
preparation = _part(image.ImagePreparation)
image_files = _part(images.folder_datalist)
check_section = _part(held_out.check_evaluated_section)
labelled_datalist = _part(evaluated.evaluated_datalist)


def probabilities(info: model_file.ModelInfo) -> ProbabilityFromLogitsd:
    """Return the postprocessing of a network's logits, calibrated as its file says."""
    return ProbabilityFromLogitsd("pred", info.multilabel, info.temperature, info.operating_points)


class Results(Protocol):
    """A handler that writes a folder."""

    def check(self) -> None:
        """Make sure that the folder may be written to."""


@_part
def check_folder(results: Results) -> None:
    """Make sure that results may be written, before anything is computed."""
    results.check()


@_part
def run(evaluator: Evaluator) -> None:
    """Run the evaluator over all images."""
    evaluator.run()
