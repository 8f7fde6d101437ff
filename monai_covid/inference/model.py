"""A model in a few lines of Python: ``monai_covid.load``, then ``predict`` and ``explain``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from monai_covid.errors import ImageReadError, OptionError
from monai_covid.explain.methods import DEFAULT_METHOD
from monai_covid.inference.answer import answer_images
from monai_covid.inference.classifier import Classifier, predict_files
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.explaining import PREDICTED, ClassExplainer, HeatmapRequest
from monai_covid.inference.heatmap import Heatmap
from monai_covid.inference.image import ImagePreparation
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.sources import ImageSource, check_source
from monai_covid.models.default_model import default_model, find_model
from monai_covid.models.device import choose_device
from monai_covid.models.model_file import ModelInfo

ModelPath = str | os.PathLike[str]


def load(
    model: ModelPath | Sequence[ModelPath] | None = None,
    *,
    device: str | None = None,
    flips: bool = False,
) -> Model:
    """Load a model.

    Args:
        model: A model file, the folder of a bundle or of a training run, or a list of several,
            which predict together; None: the model that comes with the bundle.
        device: Where to compute, such as ``cpu`` or ``cuda:0``; None: a GPU if there is one.
        flips: Whether probabilities are means over each image and its mirror image.

    Raises:
        OptionError: If there is no model, or no such device.
        WeightsError: If a model file cannot be used.
        TypeError: If ``model`` is something else.
    """
    paths = _paths(model)
    try:
        where = choose_device(device)
    except SystemExit as error:  # meant for the command line
        raise OptionError(str(error.code).removeprefix("error: ")) from error
    if len(paths) > 1:
        return Model(EnsembleClassifier(paths, where, flips=flips))
    return Model(Classifier(paths[0], where, flips=flips))


def _paths(model: object) -> list[Path]:
    if model is None:
        return [find_model(default_model())]
    given = list(model) if isinstance(model, list | tuple) else [model]
    paths = [Path(each) for each in given if isinstance(each, str | os.PathLike)]
    if len(paths) < len(given) or not given:
        what = ", ".join(sorted({type(each).__name__ for each in given})) or "an empty list"
        raise TypeError(f"a model is the path of a file or folder, or a list of them, not {what}")
    return [find_model(path) for path in paths]


class Model:
    """A network, or an ensemble of several, ready to answer images.

    Attributes:
        classifier: What answers.
        info: Labels, image size, preprocessing and calibration of the network.
    """

    def __init__(self, classifier: Classifier | EnsembleClassifier) -> None:
        """Wrap a classifier that is loaded; :func:`load` does both."""
        self.classifier = classifier
        self._explainers: dict[HeatmapRequest, ClassExplainer] = {}

    @property
    def info(self) -> ModelInfo:
        """What the network is."""
        return self.classifier.info

    @overload
    def predict(
        self,
        images: list[ImageSource] | tuple[ImageSource, ...],
        *,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
        batch_size: int = 16,
    ) -> list[Prediction]: ...

    @overload
    def predict(
        self,
        images: ImageSource,
        *,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
        batch_size: int = 16,
    ) -> Prediction: ...

    def predict(
        self,
        images: ImageSource | list[ImageSource] | tuple[ImageSource, ...],
        *,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
        batch_size: int = 16,
    ) -> Prediction | list[Prediction]:
        """Return what the network says of an image, or of each of a list.

        An image that is no upright frontal chest radiograph has no probabilities; ``unsuitable``
        says why. In a list an image that cannot be read has an ``error``, and the others are
        answered.

        Args:
            images: A path (PNG, JPEG, BMP, TIFF, DICOM, NIfTI), a grey array (H, W) in which larger
                is brighter, a PIL image or a pydicom Dataset; or a list of them.
            keep_unsuitable: Whether unsuitable images have probabilities all the same.
            trust_photometric: Whether DICOM images that are MONOCHROME2 and have the Presentation
                LUT Shape INVERSE are taken for MONOCHROME2; else they cannot be read.
            batch_size: Images of a list that are classified together.

        Raises:
            ImageReadError: If a single image cannot be read.
            TypeError: If something is no image.
        """
        several = images if isinstance(images, list | tuple) else None
        predictions = list(
            predict_files(
                self.classifier,
                [check_source(images)] if several is None else several,
                batch_size,
                keep_unsuitable=keep_unsuitable,
                trust_photometric=trust_photometric,
            )
        )
        if several is not None:
            return predictions
        (prediction,) = predictions
        if prediction.error:
            raise ImageReadError(prediction.error)
        return prediction

    def explain(
        self,
        image: ImageSource,
        label: str = PREDICTED,
        *,
        method: str = DEFAULT_METHOD,
        contrast: bool | None = None,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
    ) -> Heatmap:
        """Return which pixels of one image speak for a class, and which against it.

        Args:
            image: As for :meth:`predict`, but one.
            label: Class to explain, such as ``pneumonia``; ``predicted``: the most probable one.
            method: How; one of `monai_covid.explain.methods.METHODS`.
            contrast: Explain the class against the others; None: where classes exclude each other.
            keep_unsuitable: Explain it also if it is no upright frontal chest radiograph.
            trust_photometric: As for :meth:`predict`.

        Raises:
            ImageReadError: If the image cannot be read, or is not suitable.
            OptionError: If there is no such class or method, or the model is an ensemble.
            TypeError: If ``image`` is no image.
        """
        if isinstance(self.classifier, EnsembleClassifier):
            raise OptionError("one network is explained, not an ensemble; load a single model")
        check_source(image)
        request = HeatmapRequest(label, method, contrast)
        explainer = self._explainer(self.classifier, request)
        preparation = ImagePreparation(
            self.info, keep_unsuitable=keep_unsuitable, trust_photometric=trust_photometric
        )
        prepared = preparation(image)
        (prediction,) = answer_images(self.classifier, [prepared])
        (explanation,) = explainer.explain_images([prepared], [prediction])
        if explanation is None:
            reasons = " ".join(prediction.unsuitable)
            raise ImageReadError(
                prediction.error
                or f"{prediction.image}: {reasons} keep_unsuitable=True explains it all the same"
            )
        return Heatmap(prepared, prediction, explanation, explainer.request)

    def _explainer(self, classifier: Classifier, request: HeatmapRequest) -> ClassExplainer:
        if request not in self._explainers:
            # One at a time: an explainer holds a copy of the network.
            explainer = ClassExplainer(classifier.network, self.info, request, classes=1)
            self._explainers = {request: explainer}
        return self._explainers[request]

    def __repr__(self) -> str:
        """Return what the network is, in one line."""
        info = self.info
        count = len(getattr(self.classifier, "members", ())) or 1
        networks = f"{count} networks, " if count > 1 else ""
        return (
            f"<Model {networks}{info.architecture}, {info.image_size} px: {', '.join(info.labels)}>"
        )
