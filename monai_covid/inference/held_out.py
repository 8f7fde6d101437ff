"""Whether images are held out for testing as they were when a network was trained."""

from __future__ import annotations

from pathlib import Path

from monai_covid.errors import OptionError
from monai_covid.inference.validation import ALL, SUMMARY, run_settings

SETTING = "hold_out_by"


def check_hold_out(
    model: Path | str, hold_out_by: str | None, *, option: str, otherwise: str
) -> None:
    """Refuse folds that are not those of the run that made a model.

    A fold of patients has images of every hospital, most of which a network that was trained with
    ``hold_out_by`` has seen; and the other way round.

    Args:
        model: Model file; without a run's summary beside it, nothing is known and all is taken.
        hold_out_by: Column of the hospitals that are the folds; None: folds of patients.
        option: How the user writes the option, such as ``--hold-out-by``.
        otherwise: What to do where the images are of another collection.

    Raises:
        OptionError: The run had another column, or none.
        InputError: The summary cannot be read.
    """
    settings = run_settings(model)
    trained = settings.get(SETTING)
    if SETTING not in settings or trained == hold_out_by:
        return
    if trained is None:
        how, advice = "folds of patients", f"leave out {option} {hold_out_by}"
    else:
        how, advice = f"{SETTING} {trained}", f"give {option} {trained}"
    raise OptionError(
        f"{model} was trained with {how} (its {SUMMARY} tells): other folds have images that it "
        f"was trained on; {advice}, or, for images of another collection, {otherwise}"
    )


def check_evaluated_section(model: Path | str, hold_out_by: str | None, section: str) -> None:
    """Refuse a section of ``evaluate.yaml`` that is not that of the run; see `check_hold_out`."""
    if section != ALL:
        otherwise = f"--section {ALL}"
        check_hold_out(model, hold_out_by, option=f"--{SETTING}", otherwise=otherwise)
