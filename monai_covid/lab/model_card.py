"""The card of a model: what it is, was trained on, and reaches, made from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.errors import OptionError
from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.evaluation.wording import counted, number, sample_size
from monai_covid.lab.studies.pages.markdown import escape, estimate, feature_name, plain, table
from monai_covid.lab.studies.pages.markdown import measure_name as measure_in_table
from monai_covid.lab.studies.pages.radiologist import CONFOUNDED, chosen_arm
from monai_covid.lab.studies.pages.records import Arm, Estimate, Study
from monai_covid.lab.studies.pages.sentences import trivial_sentence
from monai_covid.lab.studies.pages.tables import shown_measures
from monai_covid.labels import display_name
from monai_covid.models.model_file import ModelInfo

INTENDED = (
    "Research: repeating the published method, studying shortcuts, explanations and calibration, "
    "and connecting a classifier to a PACS with images that are made anonymous or synthetic. For "
    "frontal chest radiographs of adults."
)
NOT_INTENDED = (
    "Diagnosis, triage, screening or any decision about a patient. Children, lateral views, images "
    "that were photographed, other body parts. Any hospital whose images were not measured."
)
LIMITS = (
    "In every public COVID-19 collection class and hospital are entangled; a high accuracy on such "
    "data is no evidence that a disease is recognised.",
    "Figures are of the collections named here. On images of other hospitals expect less.",
    "A calibrated probability holds for images like those it was calibrated on, with the same "
    "class frequencies.",
)
OTHER_NETWORKS = (
    "Figures are of networks that were trained in the same way, each tested on folds it was not "
    "trained on, and not of this file, which may have seen those images."
)


class ModelFile(NamedTuple):
    """What is known about a model file.

    Attributes:
        name: File name, without its folder.
        sha256: In hexadecimal.
        size: In bytes.
        info: What the network is.
        settings: Of the run that made it; empty if that is not known.
    """

    name: str
    sha256: str
    size: int
    info: ModelInfo
    settings: Mapping[str, Any]


def model_card(model: ModelFile, studies: Sequence[Study], arm: str | None, data: str) -> str:
    """Return the card as Markdown.

    Args:
        model: The file.
        studies: Where figures are from.
        arm: Arm whose networks were trained as this one was; None: the best by validation.
        data: Markdown about the data; empty if nothing was said.

    Raises:
        OptionError: If a study has no such arm.
    """
    parts = [
        f"# Model card: {escape(model.name)}",
        f"**{RESEARCH_USE_ONLY}**",
        *("## Model", _model(model)),
        *("## Intended use", INTENDED, f"**Not intended for:** {NOT_INTENDED}"),
        *("## Data", data.strip() or "Not stated."),
        *("## Training", _training(model)),
        *("## Preprocessing", _preprocessing(model.info)),
        *("## Calibration", _calibration(model.info)),
        *("## Figures", _figures(studies, arm)),
        *("## Limits", "\n".join(f"- {limit}" for limit in LIMITS)),
    ]
    return "\n\n".join(parts) + "\n"


def _model(model: ModelFile) -> str:
    info = model.info
    names = {
        "densenet121": "DenseNet-121",
        "densenet201": "DenseNet-201",
        "efficientnet_lite0": "EfficientNet-Lite0",
    }
    end = "sigmoid: labels are not mutually exclusive" if info.multilabel else "softmax: one class"
    rows = [
        ("SHA-256", f"`{model.sha256}`"),
        ("Size", f"{model.size / 1e6:.1f} MB"),
        ("Network", names.get(info.architecture, escape(info.architecture))),
        ("Input", f"{info.channels} × {info.image_size} × {info.image_size}"),  # noqa: RUF001
        ("Outputs", f"{', '.join(map(display_name, info.labels))} ({end})"),
        ("Start", escape(info.start)),
    ]
    return table(("", ""), rows)


def _training(model: ModelFile) -> str:
    if not model.settings:
        return "No summary of the training run lies beside the file, so its settings are not known."
    settings = model.settings
    rows = [
        (escape(name.replace("_", " ")), escape(plain(settings[name]))) for name in sorted(settings)
    ]
    return table(("Setting", "Value"), rows)


def _preprocessing(info: ModelInfo) -> str:
    chosen = info.preprocessing
    steps = {
        "crop": "the rectangle around both lungs",
        "mask": "grey outside of both lungs",
        "crop_mask": "the rectangle around both lungs, grey outside of them",
    }
    done = [steps.get(chosen.lungs, "the whole image")]
    done += ["burnt-in text painted over"] if chosen.text == "inpaint" else []
    done += ["grey values stretched" if chosen.grey == "stretch" else "histogram equalisation"]
    done += ["squashed to a square"]
    done += ["local mean and contrast taken out"] if chosen.grey == "local" else []
    done += ["standardised"]
    return f"Stored with the weights and applied wherever they are used: {', '.join(done)}."


def _calibration(info: ModelInfo) -> str:
    calibration = info.calibration
    if calibration is None:
        return "Not calibrated: probabilities are those of the network as it was trained."
    before, after = number(calibration.log_loss_before), number(calibration.log_loss_after)
    sample = sample_size(calibration.images, calibration.patients)
    return (
        f"Temperature {info.temperature:.3f}, fitted on {sample} ({escape(calibration.data)}): "
        f"log loss {before} before, {after} after, on the same images."
        f"{_thresholds(calibration)}"
    )


def _thresholds(calibration: Calibration) -> str:
    """Return the thresholds as a table, with how sure they are; empty without any."""
    if not calibration.points:
        return ""
    rows = [
        (
            display_name(point.label),
            number(point.threshold),
            f"{100 * point.sensitivity:g} % with {100 * point.confidence:g} % confidence",
            estimate(Estimate(point.specificity, point.low, point.high)),
            f"{point.positives}",
        )
        for point in calibration.points
    ]
    header = (
        "Class",
        "Threshold",
        "For a sensitivity of",
        "Specificity",
        "Patients with it",
    )
    few = "Thresholds rest on the patients in the last column: with few, they are rough."
    return f"\n\n{table(header, rows)}\n\n{few}"


def _figures(studies: Sequence[Study], arm: str | None) -> str:
    if not studies:
        return "None: no study was named."
    return "\n\n".join([OTHER_NETWORKS, *(_study(study, arm) for study in studies), CONFOUNDED])


def _study(study: Study, name: str | None) -> str:
    arm = _arm(study, name)
    head = f"### {escape(study.title)}"
    if arm is None or not arm.test:
        return f"{head}\n\nNo results on test images yet."
    sample = sample_size(arm.images, arm.patients)
    runs = f"{arm.finished} of {counted(arm.planned, 'run')}"
    lead = f"Arm {escape(arm.name)}, {runs}; {sample}; 95 % intervals over patients."
    measures = shown_measures(study)
    columns = {"test images": arm.test, **{feature_name(n): s for n, s in arm.further.items()}}
    rows = [
        (measure_in_table(measure), *(estimate(scores.get(measure)) for scores in columns.values()))
        for measure in measures
    ]
    trivial = [
        trivial_sentence(arm, feature, scores) for feature, scores in study.baselines.items()
    ]
    return "\n\n".join([head, lead, table(("", *columns), rows), *trivial])


def _arm(study: Study, name: str | None) -> Arm | None:
    if name is None:
        return chosen_arm(study)
    for arm in study.arms:
        if arm.name == name:
            return arm
    names = ", ".join(arm.name for arm in study.arms)
    raise OptionError(f"the study {study.name} has no arm {name!r}; it has {names}")
