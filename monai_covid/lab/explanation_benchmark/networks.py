"""Two networks that reach the same answers for different reasons.

One learns the lesions: text is burnt in, but says nothing about the class. The other is baited:
every class has its word, and the lesions are too faint to be of use. On images with clear lesions
and fitting words both are right; only the reason differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from monai_covid.errors import OptionError
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.training.cross_validation import train_stage
from monai_covid.training.workflow_options import NO_MODEL

SEES_LESIONS, READS_TEXT = "lesions", "words"
NETWORKS = (SEES_LESIONS, READS_TEXT)
FOLDERS = tuple(f"{part}_{which}" for part in ("phantom", "network") for which in NETWORKS)
NETWORKS_IN_SHORT = {SEES_LESIONS: "learned lesions", READS_TEXT: "reads words"}
SMALLEST_IMAGE = 64

TEST_OPTIONS = PhantomOptions(word_correlation=1.0, text_scale=2.0)
"""What both are tested on: clear lesions, and the word of the class."""

TRAINING_OPTIONS = {
    SEES_LESIONS: replace(TEST_OPTIONS, word_correlation=0.0),
    READS_TEXT: replace(TEST_OPTIONS, conspicuity=0.1),
}


@dataclass(frozen=True)
class NetworkPlan:
    """How the two networks are trained.

    Attributes:
        training_images: Synthetic images of each class.
        image_size: Height and width in pixels; text cannot be read below about 100.
        lesion_epochs: Of the network that sees lesions, which are learned soon.
        word_epochs: Of the network that reads text, which takes longer.
        batch_size: Images in a batch.
        learning_rate: Of stochastic gradient descent.
        precision: Arithmetic of the training.
        seed: Seed of images and weights.
    """

    training_images: int = 1500
    image_size: int = 112
    lesion_epochs: int = 4
    word_epochs: int = 14
    batch_size: int = 16
    learning_rate: float = 0.1
    precision: str = "bfloat16"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            OptionError: If one is too small.
        """
        wrong = [
            f"{name} is {value}, must be at least {least}"
            for name, value, least in (
                ("training_images", self.training_images, 10),
                ("image_size", self.image_size, SMALLEST_IMAGE),
                ("lesion_epochs", self.lesion_epochs, 1),
                ("word_epochs", self.word_epochs, 1),
                ("batch_size", self.batch_size, 2),
                ("seed", self.seed, 0),
            )
            if value < least
        ]
        if wrong:
            raise OptionError("; ".join(wrong))


def network_title(network: str) -> str:
    """Return the name of a network for people; one of a user's own is just the network."""
    short = NETWORKS_IN_SHORT.get(network)
    return f"Network that {short}" if short else "Network"


def train_network(
    which: str, bundle_root: Path, out: Path, plan: NetworkPlan, *, progress: bool
) -> Path:
    """Train one of ``NETWORKS`` in ``out``, or go on with it; return its model file.

    Left-right flips are left out, since they would mirror the text.
    """
    data = out / f"phantom_{which}"
    if not data.is_dir():
        write_covid_phantom(
            data,
            images_per_class=plan.training_images,
            seed=plan.seed,
            options=replace(TRAINING_OPTIONS[which], size=plan.image_size),
            progress=progress,
        )
    run = out / f"network_{which}"
    train_stage(
        bundle_root,
        "stage3_covid.yaml",
        run,
        dataset_dir=str(data),
        image_size=plan.image_size,
        stage2_model=NO_MODEL,
        imagenet="none",
        head_epochs=0,
        max_epochs=plan.lesion_epochs if which == SEES_LESIONS else plan.word_epochs,
        patience=0,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        precision=plan.precision,
        seed=plan.seed,
        rotation_degrees=5,
        translation_pixels=8,
        flip_probability=0.0,
        progress=progress,
    )
    return run / "model.pt"
