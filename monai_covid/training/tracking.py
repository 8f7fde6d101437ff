"""Losses and metrics of a run in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine
from monai.engines import Trainer
from monai.handlers import MLFlowHandler

from monai_covid.errors import OptionError

EXPERIMENT = "monai_covid"


def check_mlflow(uri: str | None) -> None:
    """Check that MLflow is installed if there is a tracking URI.

    Raises:
        OptionError: If it is not.
    """
    if uri is not None and find_spec("mlflow") is None:
        raise OptionError(
            f"--mlflow {uri}: MLflow is not installed; pip install 'monai-covid[mlflow]'"
        )


class MLflowTracking:
    """Logs what a trainer or its validator computes to an MLflow server or database.

    Runs are in the experiment ``monai_covid``. One that was interrupted is continued.

    Args:
        uri: Tracking URI, such as ``http://localhost:5000`` or ``sqlite:////data/mlruns.db``; None
            logs nothing.
        run: Name of the run.
        settings: Logged as the run's parameters.
    """

    def __init__(
        self, uri: str | None, run: str, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Contact nothing before :meth:`attach`."""
        self.uri = uri
        self.run = run
        self.settings = dict(settings or {})

    def attach(self, engine: Engine) -> None:
        """Log the loss of every step of a trainer, and the metrics of a validator."""
        if self.uri is None or idist.get_rank() > 0:
            return
        training = isinstance(engine, Trainer)
        MLFlowHandler(
            tracking_uri=self.uri,
            experiment_name=EXPERIMENT,
            run_name=self.run,
            experiment_param=self.settings,
            iteration_log=training,
            output_transform=lambda output: output["loss"],
            tag_name="train_loss",
            close_on_complete=training,
        ).attach(engine)
