"""Records of a stored study: its arms, runs and comparisons; and published figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from monai_covid.evaluation.readings import WITHIN_LABELS, WITHIN_VIEWS
from monai_covid.labels import COVID_LABELS

RECALL = "recall "
"""Recalls of classes are kept as ``recall covid19`` and so on, beside the other measures."""


class Estimate(NamedTuple):
    """A number with its 95 % interval; what is not known is None."""

    value: float | None
    low: float | None
    high: float | None


Scores = Mapping[str, Estimate]
"""Estimates by measure."""


class Run(NamedTuple):
    """One finished run of an arm; ``images`` and ``patients`` are those of its test fold."""

    seed: int
    fold: int
    epochs: int | None
    best_validation_auc: float | None
    seconds: float | None
    images: int
    patients: int


class Arm(NamedTuple):
    """One arm of a study.

    Attributes:
        name: As the study file calls it.
        start: ``stage2``, ``imagenet``, ``random`` or ``previous: NAME``.
        started_from: What its networks really started from, where that was written down.
        options: Training options that are its own.
        baseline: Arm that it is compared with; its own name if with none.
        planned: Runs that the study asks for.
        finished: Runs that are there.
        runs: Those.
        epochs: ``(E,)`` epochs of ``curves``.
        curves: Validation AUC, a list of E values for each run; None where there is none.
        test: Test images of all folds.
        ensemble: The same for the mean probability of the seeds; empty with one seed.
        against: Accuracy less that of each trivial feature, on the same images, by its name.
        further: Further evaluations by name.
        failed: Seed and fold of runs that ended with an error.
        images: Test images of all folds.
        patients: Their patients.
        stage1: Options of stage 1 that are its own; None for an arm without stage 1.
        hospitals: What each seed reaches in held-out hospitals, see ``hospitals_json``; empty where
            folds are of patients.
    """

    name: str
    start: str
    started_from: str | None
    options: Mapping[str, Any]
    baseline: str
    planned: int
    finished: int
    runs: tuple[Run, ...]
    epochs: tuple[float, ...]
    curves: tuple[tuple[float | None, ...], ...]
    test: Scores
    ensemble: Scores
    against: Mapping[str, Estimate]
    further: Mapping[str, Scores]
    failed: tuple[tuple[int, int], ...]
    images: int
    patients: int
    stage1: Mapping[str, Any] | None = None
    hospitals: tuple[Mapping[str, Any], ...] = ()


class Comparison(NamedTuple):
    """An arm against the arm it is compared with.

    Attributes:
        arm: The arm.
        baseline: The arm it is compared with.
        measure: What is compared.
        pairs: Pairs of runs with one seed and fold.
        difference: Mean of arm less baseline, with the interval for independent pairs.
        corrected: The same with an interval that allows for training images that folds share; None
            where there is a single fold.
        p_value: Of each comparison for itself.
        p_value_holm: Corrected for all arms.
        test: Where the p-value is from.
        note: What else to know.
    """

    arm: str
    baseline: str
    measure: str
    pairs: int
    difference: Estimate
    p_value: float | None
    p_value_holm: float | None
    test: str
    note: str
    corrected: Estimate | None = None

    @property
    def judged(self) -> Estimate:
        """The difference with the interval that conclusions rest on: the corrected one, if any."""
        return self.difference if self.corrected is None else self.corrected


class Stage1(NamedTuple):
    """A training of stage 1 that stages 2 started from."""

    name: str
    started_from: str
    epochs: int | None
    training_images: int | None
    training_loss: float | None
    seconds: float | None


class Stage2(NamedTuple):
    """A training of stage 2 that runs started from."""

    name: str
    started_from: str
    epochs: int | None
    best_validation_auc: float | None
    training_images: int | None
    seconds: float | None


class Agreement(NamedTuple):
    """Test images that all networks get right, or none.

    Attributes:
        members: Arms, with their seeds where there are several.
        images: Images that all of them answered.
        shares: ``all_right``, ``none_right`` and ``none_right_one_answer`` of them.
        none_right_of: ``none_right`` of the images of each class.
    """

    members: tuple[str, ...]
    images: int
    shares: Scores
    none_right_of: Scores


class Reading(NamedTuple):
    """An arm's networks beside what readers saw on the same test images.

    Attributes:
        arm: Name of the arm.
        label: The class whose finding was looked for.
        images: Images that were read.
        patients: Their patients.
        heeds_views: Whether images of one label and view are compared, and not of one label alone.
        shares: The measures of ``evaluation.readings``.
        labels: Images read, and those on which the finding was seen, by label.
    """

    arm: str
    label: str
    images: int
    patients: int
    heeds_views: bool
    shares: Scores
    labels: Mapping[str, tuple[int, int]]

    @property
    def seen(self) -> int:
        """Images on which the finding was seen."""
        return sum(seen for _, seen in self.labels.values())

    @property
    def judged(self) -> Estimate:
        """AUC for the finding being seen, in the narrowest strata."""
        return self.shares[WITHIN_VIEWS if self.heeds_views else WITHIN_LABELS]


class Study(NamedTuple):
    """What a page shows.

    Attributes:
        name: Of the page; no part of the file.
        title: Heading.
        question: In one sentence.
        version: Of the package that ran the study.
        settings: As stored.
        arms: In the order of the study file.
        comparisons: In the order they were stored.
        baselines: What trivial features reach on the same folds, by name.
        stage2: Trainings of stage 2; empty where none is stored.
        stage1: Trainings of stage 1 likewise.
        agreement: Of the arms' networks; None where it is not stored.
        readings: Of arms and classes; empty where none is stored.
    """

    name: str
    title: str
    question: str
    version: str
    settings: Mapping[str, Any]
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    baselines: Mapping[str, Scores]
    stage2: tuple[Stage2, ...] = ()
    stage1: tuple[Stage1, ...] = ()
    agreement: Agreement | None = None
    readings: tuple[Reading, ...] = ()

    @property
    def class_labels(self) -> tuple[str, ...]:
        """The classes whose recall is known, in the order they are stored."""
        keys = dict.fromkeys(key for arm in self.arms for key in arm.test if key.startswith(RECALL))
        return tuple(key.removeprefix(RECALL) for key in keys)

    @property
    def published(self) -> tuple[Published, ...]:
        """The published figures, where the classes are theirs."""
        labels = {*self.class_labels}
        return PUBLISHED if not labels or labels == {*COVID_LABELS} else ()

    def begun(self) -> Study:
        """Return the study without the arms that have no run, neither finished nor failed.

        Comparisons without a pair go as well.
        """
        arms = tuple(arm for arm in self.arms if arm.runs or arm.failed)
        if not arms:
            return self
        compared = tuple(comparison for comparison in self.comparisons if comparison.pairs)
        return self._replace(arms=arms, comparisons=compared)


class Published(NamedTuple):
    """A published figure.

    Attributes:
        measure: As in stored studies.
        value: In [0, 1].
        source: Who reports it, in few words.
    """

    measure: str
    value: float
    source: str


PUBLISHED = (
    Published("accuracy", 0.8702, "DarkCovidNet, three classes"),
    Published("accuracy", 1.0, "Bassi & Attux, own test images"),
    Published("binary_covid19_normal_accuracy", 0.9808, "DarkCovidNet, COVID-19 against normal"),
)
"""Ozturk et al., Comput. Biol. Med. 121, 103792 (2020).

Bassi & Attux, Res. Biomed. Eng. 38:139-148 (2022).
"""

CAVEAT = (
    "Published figures are of other folds or other images (DarkCovidNet: folds by image, so that "
    "images of one patient stand on both sides; the publication: test images of its own). They are "
    "marks for the eye and nothing is tested against them."
)
