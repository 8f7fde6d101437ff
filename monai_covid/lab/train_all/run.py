"""Stage 2 and every fold of stage 3, unattended and within a time budget."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_covid.lab.train_all.plan import Collections, Plan
from monai_covid.training.budget import TimeBudget
from monai_covid.training.cross_validation import cross_validate_stage, evaluate_stage, train_stage

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainAll:
    """All runs of the twice transfer learning, from the first to the last table.

    When time runs out, the run at hand is saved after its last whole epoch; the same call goes on
    from there.

    Attributes:
        bundle_root: Folder of the bundle.
        data: Where the data lie.
        output: Folder of all results.
        plan: What the runs are to do.
        budget: Time for this call.
        device: Where to compute; None for a GPU if there is one.
        progress: Whether to show progress bars.
        resamples: Bootstrap resamples.
        overwrite: Replace runs in ``output``.
    """

    bundle_root: Path
    data: Collections
    output: Path
    plan: Plan
    budget: TimeBudget
    device: str | None = None
    progress: bool = True
    resamples: int = 2000
    overwrite: bool = False

    def run(self) -> bool:
        """Train and evaluate what is not finished; return whether everything is."""
        logger.info("Plan: %s", self.plan)
        return self.run_stage2() and self.run_stage3()

    def run_stage2(self) -> bool:
        """Train and evaluate stage 2; return whether it is finished."""
        data = {
            "dataset_dir": str(self.data.nih),
            "exclude_manifests": [str(self.data.manifest)],
        }
        summary = train_stage(
            self.bundle_root,
            "stage2_nih.yaml",
            self.output / "stage2",
            anew=self.overwrite,
            imagenet=self.plan.imagenet,
            learning_rate=self.plan.stage2_learning_rate,
            max_epochs=self.plan.stage2_epochs,
            minutes=self.budget.minutes_left(),
            **data,
            **self._stage_options(),
        )
        if summary["finished"]:
            evaluate_stage(
                self.bundle_root,
                self.output / "stage2",
                resamples=self.resamples,
                limit=self.plan.limit,
                progress=self.progress,
                device=self.device,
                **data,
            )
        return bool(summary["finished"])

    def run_stage3(self) -> bool:
        """Train and evaluate all folds of stage 3; return whether they are finished."""
        options = {
            "stage2_model": str(self.output / "stage2" / "model.pt"),
            "head": self.plan.head,
            "classes": self.plan.classes,
            "learning_rate": self.plan.learning_rate,
            "extra_manifests": list(self.data.extra_manifests),
            "max_epochs": self.plan.stage3_epochs,
            "hold_out_by": self.plan.hold_out_by,
            **self._stage_options(),
        }
        folder = cross_validate_stage(
            self.bundle_root,
            self.data.covid,
            self.output / "stage3",
            options=options,
            resume=not self.overwrite,
            overwrite=self.overwrite,
            resamples=self.resamples,
            budget=self.budget,
        )
        return folder is not None

    def _stage_options(self) -> dict[str, Any]:
        # The planned epochs decay the learning rate to its end: stopping early would cut that off.
        machine = {"device": self.device, "progress": self.progress, "patience": 0}
        return {**self.plan.stage_options(), **machine}
