"""Runs that are logged to MLflow."""

import pytest
from mlflow import MlflowClient

from monai_covid.errors import OptionError
from monai_covid.training.tracking import check_mlflow
from tests.training.stages import curve, run_stage


def test_losses_metrics_and_settings_are_logged(tiny_network, covid, tmp_path):
    uri = f"sqlite:///{tmp_path}/mlruns.db"
    run_stage("stage3_covid", covid, tmp_path / "trial", max_epochs=3, mlflow=uri)
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("monai_covid")
    (run,) = client.search_runs(experiment.experiment_id)
    assert run.info.run_name == "trial"
    assert run.info.status == "FINISHED"
    assert run.data.params["max_epochs"] == "3"
    rows = curve(tmp_path / "trial")
    for name in ("validation_auc", "validation_loss", "validation_accuracy"):
        logged = client.get_metric_history(run.info.run_id, name)
        assert [point.step for point in logged] == [1, 2, 3]
        expected = [float(row[name]) for row in rows]
        assert [point.value for point in logged] == pytest.approx(expected, rel=1e-6)
    steps = client.get_metric_history(run.info.run_id, "train_loss")
    epochs = len(steps) // 3
    means = [
        sum(point.value for point in steps[start : start + epochs]) / epochs
        for start in range(0, len(steps), epochs)
    ]
    assert means == pytest.approx([float(row["train_loss"]) for row in rows], rel=1e-6)


def test_mlflow_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("monai_covid.training.tracking.find_spec", lambda name: None)
    check_mlflow(None)
    with pytest.raises(OptionError, match=r"--mlflow http://x: .*monai-covid\[mlflow\]"):
        check_mlflow("http://x")


def test_tracking_of_monai_names_the_option(tiny_network, covid, tmp_path):
    with pytest.raises(SystemExit, match="for MLflow give --mlflow"):
        run_stage("stage3_covid", covid, tmp_path / "trial", tracking="mlflow")
