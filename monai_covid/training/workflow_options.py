"""The options of each config of the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monai_covid.data.collections.layout import POLICIES
from monai_covid.explain.methods import METHODS
from monai_covid.labels import SHIPPED
from monai_covid.models.architectures import ARCHITECTURES, BLOCK_LAYERS
from monai_covid.preprocessing.augmentation.placement import FILLS
from monai_covid.preprocessing.settings import GREY, LUNGS, TEXT
from monai_covid.training.distillation import TEACHERS
from monai_covid.training.inferer import PRECISIONS
from monai_covid.training.optimizer import OPTIMIZERS
from monai_covid.training.options import Option, choice, flag, number, optional, text, whole
from monai_covid.training.selection import MODEL_EPOCHS

PLACES = {
    "bundle_root": text("folder of the bundle"),
    "dataset_dir": text("folder of the data set"),
    "output_dir": text("folder that the results are written to"),
}

MACHINE = {
    "device": optional(
        text("where to compute, such as cpu or cuda:0; None: a GPU if there is one")
    ),
    "precision": choice("arithmetic of the forward pass", *PRECISIONS),
    "batch_size": whole("images in a batch, over all processes", low=1),
    "num_workers": whole("processes that prepare images beside the training process", low=0),
    "progress": flag("whether to show progress bars"),
}

NETWORK = {
    "architecture": choice("network", *ARCHITECTURES),
    "channels": Option((int,), "input channels: 1 (grey) or 3", choices=(1, 3)),
    "image_size": whole("height and width of the input in pixels", low=32, high=2048),
}

TRAINING = {
    "max_epochs": whole("epochs of both phases together", low=1),
    "head_epochs": whole("epochs of the first phase, in which the head trains alone", low=0),
    "learning_rate": number(
        "learning rate of the second phase, before its decay", low=1e-8, high=10
    ),
    "freeze_batch_norm": flag(
        "whether batch normalisation keeps the statistics that it starts with"
    ),
    "head_learning_rate": number("learning rate of the first phase", low=1e-8, high=10),
    "warmup_epochs": whole("epochs over which the second phase's rate rises", low=0),
    "optimizer_name": choice("optimizer: sgd, with momentum, or adamw", *OPTIMIZERS),
    "momentum": number("momentum of sgd", low=0, high=0.9999),
    "weight_decay": number("weight decay", low=0, high=1),
    "patience": whole("epochs without a better validation AUC before stopping; 0: never", low=0),
    "val_interval": whole("epochs between validations", low=1),
    "validation_fraction": number("share of the training patients used for validation", 0.01, 0.9),
    "seed": whole("seed of everything random", low=0, high=2**31 - 1),
    "rotation_degrees": number("augmentation: rotation within ± this angle", low=0, high=180),
    "translation_pixels": number("augmentation: shift within ± this, in pixels of 224", 0, 112),
    "flip_probability": number("augmentation: probability of a left-right flip", low=0, high=1),
    "aspect_range": number(
        "augmentation: rows and columns stretched by factors up to 1 + this, either way", 0, 1
    ),
    "border_probability": number(
        "augmentation: probability that random borders are covered or cut away", 0, 1
    ),
    "grey_jitter": number(
        "augmentation: strength of random contrast, brightness, noise and blur", 0, 1
    ),
    "erase_probability": number(
        "augmentation: probability that a random rectangle is erased", 0, 1
    ),
    "placement_fill": choice(
        "augmentation: what is put where a rotated or shifted image does not reach", *FILLS
    ),
    "model_epoch": choice(
        "whose weights become the model: of the epoch of best validation AUC, or the last",
        *MODEL_EPOCHS,
    ),
    "ema_decay": number(
        "decay per step of a moving average of the weights, which is then the model; 0: none",
        *(0, 0.99999),
    ),
    "cache_gb": number("memory for preprocessed images on this machine in GiB", low=0),
    "cache_dir": optional(text("folder for preprocessed images on disk, instead of in memory")),
    "resume": flag("continue the run in output_dir"),
    "overwrite": flag("replace the run in output_dir"),
    "minutes": optional(number("time budget; the run stops in time and can be continued", low=0)),
    "mlflow": optional(text("tracking URI of MLflow, such as http://localhost:5000")),
    "distributed": flag("whether torchrun started several processes (configs/distributed.yaml)"),
    "limit": optional(whole("use at most this many images of each part, for a trial", low=1)),
}

PREPROCESSING = {
    "lungs": choice("what of the images is shown: all, or the lungs cut out or alone", *LUNGS),
    "text": choice("whether burnt-in text is painted over (slow, extra audit)", *TEXT),
    "grey": choice("grey values: equalised, also evened out locally, or only stretched", *GREY),
}

RELEVANCE = {
    "relevance_weight": number(
        "weight of a penalty on LRP relevance outside the lungs; 0: none, and no cost", 0, 1000
    ),
    "relevance_every": whole("penalise each n-th step alone, n times as strongly", low=1),
    "relevance_images": whole("images of a batch that are penalised, at most", low=1),
    "relevance_margin": number("margin that counts as lungs, in pixels of 224", 0, 112),
}

LAYOUT = {
    "patient_pattern": optional(
        text(
            "regular expression that tells the patient from an image's name, such as "
            r"'person(?P<patient>\d+)_'; None: the column patient_id"
        )
    ),
    "uncertain": choice("what a label of -1 counts as", *POLICIES),
    "blank": choice("what an empty cell counts as, where labels are columns", *POLICIES),
}

STAGE3_DATA = {
    **LAYOUT,
    "manifest": text("labelled collection: CSV or folder; docs/how-to/classes.md has the layouts"),
    "image_dir": optional(text("folder of the manifest's images; None: beside it or in images/")),
    "folds": whole("number of folds, where the manifest has no fold column", low=2),
    "fold": whole("fold that is kept for testing", low=0),
    "hold_out_by": optional(
        text("column of hospitals, such as source: these are the folds, by name; None: patients")
    ),
}

IMAGENET = text(
    "initial weights: auto (ImageNet, or random with a warning), required, none, or a file"
)

STAGE1 = {
    **{name: option for name, option in PLACES.items() if name != "dataset_dir"},
    "image_folders": Option((list,), "ChestX-ray14 folders and manifests; labels are not used"),
    "exclude_manifests": Option((list,), "manifests whose patients are left out"),
    "leave_out_images": Option(
        (list,), "CSV files of further images to leave out, such as pairs.csv of the audit"
    ),
    **NETWORK,
    "architecture": choice("network", *BLOCK_LAYERS),
    **PREPROCESSING,
    **{
        name: option
        for name, option in TRAINING.items()
        if name
        not in (
            *("head_epochs", "head_learning_rate", "freeze_batch_norm", "patience"),
            *("val_interval", "model_epoch", "validation_fraction", "distributed"),
        )
    },
    **MACHINE,
    "batch_size": whole("images in a batch, each in two views", low=2),
    "imagenet": IMAGENET,
    "learning_rate": number("learning rate before its decay", low=1e-8, high=10),
    "warmup_epochs": whole("epochs over which the rate rises", low=0),
    "projector_width": whole("neurons in each layer of the projector", low=2, high=16384),
    "redundancy_weight": number("weight of the redundancy between embedding elements", 0, 1),
}

STAGE1_DISTILLED = {
    **{
        name: option
        for name, option in STAGE1.items()
        if name
        not in ("projector_width", "redundancy_weight", "optimizer_name", "momentum", "imagenet")
    },
    "batch_size": MACHINE["batch_size"],
    "teacher": choice("frozen ImageNet-pretrained network whose features are learned", *TEACHERS),
}

CLASSES = optional(
    Option(
        (str, list),
        "label set: YAML file, names divided by commas, or a shipped one "
        f"({', '.join(SHIPPED)}); None: what the collection has",
    )
)

STAGE2 = {
    **PLACES,
    **NETWORK,
    **PREPROCESSING,
    **TRAINING,
    **MACHINE,
    "imagenet": IMAGENET,
    "classes": CLASSES,
    **LAYOUT,
    "exclude_manifests": Option((list,), "manifests of stage 3 whose patients are left out"),
    "exclude_fold": optional(
        whole("leave out only the patients of this fold of those manifests; None: all", low=0)
    ),
    "exclude_validation_fraction": optional(
        number("stage 3's validation_fraction, to leave out whom it validates on too", 0.01, 0.9)
    ),
}

STAGE3 = {
    **PLACES,
    **NETWORK,
    **PREPROCESSING,
    **TRAINING,
    **MACHINE,
    **STAGE3_DATA,
    "classes": CLASSES,
    "stage2_model": text(
        "model file of stage 2, or of stage 3 to go on from; none: start from ImageNet"
    ),
    "imagenet": optional(
        IMAGENET._replace(help=f"with --stage2_model none: {IMAGENET.help}; None: auto")
    ),
    "head": choice("how the new head starts", "keep", "mean", "random"),
    "keep": optional(
        Option(
            (str, dict),
            "output neurons that are kept, such as Pneumonia=pneumonia,No Finding=normal; None: as "
            "the label set says, else those of the same name",
        )
    ),
    "new_from": optional(
        Option((dict,), "for head mean: new class -> related labels; None: as the label set says")
    ),
    "extra_manifests": Option((list,), "further manifests, for training alone"),
    "leave_out_sources": Option(
        (list,), "sources whose images are neither trained on nor validated on"
    ),
    "leave_out_images": Option(
        (list,), "CSV files of images to leave out likewise, such as pairs.csv of the audit"
    ),
    "balance_classes": flag("weight the classes by their inverse frequency"),
    "balance_sources": flag("draw the sources of a class alike, by the column source"),
    "label_smoothing": number("share of the target spread over all classes", low=0, high=0.5),
    **RELEVANCE,
}

NO_MODEL = "none"
"""The ``stage2_model`` of a stage 3 that starts from ImageNet. (MONAI drops a None.)"""

HEAD_OPTIONS = ("head", "keep", "new_from")
"""Options of stage 3 that mean nothing without a model of stage 2."""


LAST_MAP_OF_ONE = {"densenet121": 60, "densenet201": 60, "efficientnet_lite0": 63}
"""Largest ``image_size`` whose last feature maps have one row and one column."""


def start_conflicts(config: Mapping[str, Any]) -> list[str]:
    """Return which options of a stage 3 contradict each other about where it starts from."""
    without_stage2 = config.get("stage2_model") == NO_MODEL
    if without_stage2 and config.get("head") == "mean":
        return ["--head mean takes the output neurons of --stage2_model, which is none"]
    if not without_stage2 and config.get("imagenet") is not None:
        return [
            f"--imagenet {config['imagenet']} is for a start without stage 2; add --stage2_model "
            "none, or leave --imagenet out"
        ]
    return []


def batch_conflicts(config: Mapping[str, Any]) -> list[str]:
    """Return why one image is too small a batch: a single value has no variance to normalise by."""
    size, batch = config.get("image_size"), config.get("batch_size")
    if batch != 1 or not isinstance(size, int) or config.get("freeze_batch_norm") is True:
        return []
    largest = LAST_MAP_OF_ONE.get(str(config.get("architecture")), 0)
    if size > largest:
        return []
    return [
        f"--batch_size 1 with --image_size {size}: batch normalisation would see a single value; "
        f"give --batch_size 2 or --image_size {largest + 1}, or more"
    ]


def stage3_conflicts(config: Mapping[str, Any]) -> list[str]:
    """Return which options of a stage 3 contradict each other."""
    return start_conflicts(config) + batch_conflicts(config)


USE_OF_A_MODEL = {
    **PLACES,
    **MACHINE,
    "checkpoint": text("model file"),
    "overwrite": flag("replace earlier results in output_dir"),
}

FLIPS = flag("average probabilities over each image and its mirror image")

INFERENCE = {
    **USE_OF_A_MODEL,
    "flips": FLIPS,
    "keep_unsuitable": flag(
        "give probabilities of images too that are not upright frontal chest radiographs"
    ),
}

EVALUATION = {
    **USE_OF_A_MODEL,
    "flips": FLIPS,
    **STAGE3_DATA,
    "manifest": optional(STAGE3_DATA["manifest"]),
    "section": choice("part of the collection", "training", "validation", "test", "all"),
    "validation_fraction": optional(TRAINING["validation_fraction"]),
    "exclude_manifests": STAGE2["exclude_manifests"],
    "limit": TRAINING["limit"],
    "resamples": whole("bootstrap resamples", low=40),
    "seed": TRAINING["seed"],
}

EXPLANATION = {
    **{name: option for name, option in USE_OF_A_MODEL.items() if name != "precision"},
    "class": text("class to explain, such as pneumonia; predicted: the most probable one"),
    "method": choice("way to explain", *METHODS),
    "contrast": optional(
        flag("explain the class against the others; null: for mutually exclusive classes")
    ),
    "smoothing": number("of the pictures, in pixels of the network's input; 0: none", 0, 64),
    "arrays": flag("write the values as NumPy arrays too"),
    "keep_unsuitable": INFERENCE["keep_unsuitable"],
}
