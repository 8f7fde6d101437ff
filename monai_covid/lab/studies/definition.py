"""What a study is: arms that differ in their start and options, over seeds and folds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from monai_covid.errors import OptionError

STAGE2_START, IMAGENET_START = "stage2", "imagenet"
PREVIOUS, SAME, MEAN, PROBE = "previous", "same", "mean", "probe"

EXTRA = "extra"
"""Stands, in ``extra_manifests``, for the collection given as ``--extra``."""

LUNGS_ONLY, WITHOUT_LUNGS, EXTERNAL = "lungs_only", "without_lungs", "external"
EXTRA_EVALUATIONS = (LUNGS_ONLY, WITHOUT_LUNGS, EXTERNAL)

Options = Mapping[str, Any]


class InitialWeights(NamedTuple):
    """What the runs of an arm start from.

    Attributes:
        kind: stage2, imagenet, random; previous (the model of another arm of the same seed and
            fold, trained further), same (that model as it is, evaluated with other options), mean
            (no model: the mean of the probabilities that other arms' models gave) or probe (no
            training: logistic regression on the features of a frozen network).
        arms: The other arms: one for previous and same, two or more for mean, else none.
    """

    kind: str
    arms: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the start as it is written in a study file."""
        return f"{self.kind}: {', '.join(self.arms)}" if self.arms else self.kind


@dataclass(frozen=True)
class Arm:
    """One way of training.

    Attributes:
        name: Also the name of its folder.
        start: What its runs start from.
        options: Options of stage 3 beside those of the study.
        stage1: Options of stage 1 beside those of the study; None for an arm without stage 1.
        stage2: Options of stage 2 beside those of the study.
        evaluation: Options of the evaluation beside those of the study.
        baseline: Arm that it is compared with; None for the study's.
    """

    name: str
    start: InitialWeights
    options: Options = field(default_factory=dict)
    stage1: Options | None = None
    stage2: Options = field(default_factory=dict)
    evaluation: Options = field(default_factory=dict)
    baseline: str | None = None


@dataclass(frozen=True)
class Study:
    """Arms, seeds and folds, and how their results are put together.

    Attributes:
        title: For people.
        question: What the study asks, in one sentence.
        arms: The arms, in the order of their runs.
        baseline: Arm that every other one is compared with, unless it names another.
        folds: Folds of stage 3 that are tested on; none: all that the collection has.
        seeds: Seeds of everything random.
        first_epochs: Epochs over which learning curves are compared.
        stage1_excludes: fold (stage 1 learns from the collection too, without the patients that the
            run is tested and validated on) or all (from ChestX-ray14 alone, without patients of the
            collection; the folds share it).
        stage2_excludes: fold (stage 2 leaves out the patients that the run is tested and validated
            on) or all (those of the whole collection).
        stage1: Options of stage 1 of all arms that have one.
        stage2: Options of stage 2 of all arms.
        options: Options of stage 3 of all arms.
        evaluation: Options of the evaluation of all arms.
        extra_evaluations: Of every run, some of ``EXTRA_EVALUATIONS``; ``further`` in files.
        baselines: Cues that are measured beside the networks, see ``audits.shortcuts``.
    """

    title: str
    question: str
    arms: tuple[Arm, ...]
    baseline: str
    folds: tuple[int, ...] = (0,)
    seeds: tuple[int, ...] = (0,)
    first_epochs: int = 5
    stage1_excludes: str = "fold"
    stage2_excludes: str = "all"
    stage1: Options = field(default_factory=dict)
    stage2: Options = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    evaluation: Options = field(default_factory=dict)
    extra_evaluations: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()

    def arm(self, name: str) -> Arm:
        """Return the arm called ``name``.

        Raises:
            OptionError: If there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        names = ", ".join(arm.name for arm in self.arms)
        raise OptionError(f"the study has no arm {name!r}; it has {names}")

    def options_of(self, arm: Arm) -> dict[str, Any]:
        """Return the options of stage 3 of ``arm``."""
        return {**self.options, **arm.options}

    @property
    def hold_out_by(self) -> str | None:
        """Column of the hospitals that are the folds; None for folds of patients."""
        return self.options.get("hold_out_by")

    @property
    def has_earlier_stages(self) -> bool:
        """Whether an arm starts from a stage that learns from ChestX-ray14."""
        return any(arm.start.kind == STAGE2_START or arm.stage1 is not None for arm in self.arms)

    def stage1_options_of(self, arm: Arm) -> dict[str, Any] | None:
        """Return the options of the stage 1 of ``arm``, None without; the network is the arm's."""
        if arm.stage1 is None:
            return None
        return {**self._network_of(arm), **self.stage1, **arm.stage1}

    def stage2_options_of(self, arm: Arm) -> dict[str, Any]:
        """Return the options of the stage 2 that ``arm`` starts from; the network is the arm's."""
        return {**self._network_of(arm), **self.stage2, **arm.stage2}

    def _network_of(self, arm: Arm) -> dict[str, Any]:
        options = self.options_of(arm)
        if arm.start.kind == PROBE:
            return {"architecture": options["backbone"]} if "backbone" in options else {}
        return {name: options[name] for name in ("architecture", "channels") if name in options}

    def evaluation_of(self, arm: Arm) -> dict[str, Any]:
        """Return the options of the evaluation of ``arm``."""
        return {**self.evaluation, **arm.evaluation}

    def compared(self) -> dict[str, str]:
        """Return for each arm, by name, the one that it is compared with."""
        against = {arm.name: arm.baseline or self.baseline for arm in self.arms}
        return {name: other for name, other in against.items() if name != other}

    def runs(self) -> Iterator[Run]:
        """Yield all runs; a study that is cut short has about the same runs of each arm."""
        for seed in self.seeds:
            for fold in self.folds:
                for arm in self.arms:
                    yield Run(arm.name, seed, fold)


class Run(NamedTuple):
    """One network: an arm with a seed, tested on a fold.

    Attributes:
        arm: Name of the arm.
        seed: Seed of everything random.
        fold: Fold that is tested on.
    """

    arm: str
    seed: int
    fold: int

    def __str__(self) -> str:
        """Return how the run is named in messages."""
        return f"{self.arm}, seed {self.seed}, fold {self.fold}"
