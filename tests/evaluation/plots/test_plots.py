import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.errors import InputError
from monai_covid.evaluation.cross_validation import cross_validate
from monai_covid.evaluation.plots.confusion_matrix import draw_confusion_matrix
from monai_covid.evaluation.plots.example_sheet import Example, draw_example_sheet
from monai_covid.evaluation.plots.fold_values import draw_fold_values
from monai_covid.evaluation.plots.learning_curves import draw_learning_curves, read_learning_curves
from monai_covid.evaluation.plots.roc_curves import draw_label_auc, draw_roc_curves
from monai_covid.evaluation.plots.style import PALETTE, save_png
from monai_covid.evaluation.predictions import multiclass_table
from monai_covid.evaluation.report import evaluate_table
from monai_covid.labels import NIH_LABELS
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label


def report_of(table, names=CLASSES):
    return evaluate_table(table, names, resamples=50)


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


def check(figure, tmp_path, dpi=60):
    """The picture has its size, is not blank and carries the notice."""
    save_png(figure, tmp_path / "plot.png", dpi=dpi)
    with Image.open(tmp_path / "plot.png") as image:
        width, height = figure.get_size_inches()
        assert image.size == pytest.approx((width * dpi, height * dpi), abs=1)
        pixels = np.asarray(image.convert("L"))
    dark = pixels < 200
    assert 0.002 < dark.mean() < 0.8
    assert dark[: len(pixels) // 2].any()
    assert dark[len(pixels) // 2 :].any()
    assert RESEARCH_USE_ONLY in texts(figure)


def fifteen_classes(n=200):
    generator = np.random.default_rng(0)
    return multiclass_table(
        [str(i) for i in range(n)],
        [str(i) for i in range(n)],
        generator.integers(15, size=n),
        generator.dirichlet(np.ones(15), size=n),
        NIH_LABELS,
    )


TABLES = {
    "three classes": (single_label(), CLASSES),
    "fifteen classes": (fifteen_classes(), NIH_LABELS),
    "tiny": (certain([0, 1, 2], [0, 1, 1]), CLASSES),
    "perfect": (certain([0, 1, 2] * 9, [0, 1, 2] * 9), CLASSES),
    "one class": (certain([0] * 9, [0, 1, 2] * 3), CLASSES),
}


@pytest.mark.parametrize("name", TABLES)
def test_confusion_matrix(tmp_path, name):
    table, names = TABLES[name]
    report = report_of(table, names)
    figure = draw_confusion_matrix(report)
    check(figure, tmp_path)
    cells = [text for text in texts(figure) if text == "0" or ("\n" in text and "%" in text)]
    assert len(cells) == len(names) ** 2
    assert sum(int(cell.split("\n")[0]) for cell in cells) == len(table)


def test_confusion_matrix_percentages_are_of_the_true_class():
    figure = draw_confusion_matrix(report_of(certain([0, 0, 0, 0, 1], [0, 0, 0, 1, 1])))
    assert {"3\n75.0 %", "1\n25.0 %", "1\n100.0 %"} <= set(texts(figure))
    with pytest.raises(ValueError, match="multi-label"):
        draw_confusion_matrix(report_of(multi_label(), LABELS))


@pytest.mark.parametrize("name", TABLES)
def test_roc_curves(tmp_path, name):
    figure = draw_roc_curves(report_of(*TABLES[name]))
    check(figure, tmp_path)


def test_roc_legend_states_auc_interval_and_support():
    report = report_of(single_label())
    row = report.row("auc", "normal")
    wanted = f"Normal, n = {row.support}: {row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
    assert wanted in texts(draw_roc_curves(report))
    undefined = texts(draw_roc_curves(report_of(TABLES["one class"][0])))
    assert "COVID-19, n = 9: not defined" in undefined


@pytest.mark.parametrize("empty", [None, 0])
def test_label_auc(tmp_path, empty):
    figure = draw_label_auc(report_of(multi_label(empty=empty), LABELS))
    check(figure, tmp_path)
    assert ("not defined" in texts(figure)) == (empty is not None)


def test_label_auc_without_any_defined_label(tmp_path):
    table = multi_label()
    table[[f"target_{name}" for name in LABELS]] = 0
    check(draw_label_auc(report_of(table, LABELS)), tmp_path)


def test_fold_values(tmp_path):
    folds = {k: single_label(seed=k, prefix=f"{k}-") for k in range(4)}
    figure = draw_fold_values(cross_validate(folds, CLASSES, resamples=50))
    check(figure, tmp_path)
    assert any("4 folds" in text for text in texts(figure))


def curves(runs=2, epochs=8, head=3):
    rows = [
        {
            "run": f"fold {run}",
            "epoch": epoch,
            "phase": "head" if epoch <= head else "all",
            "learning_rate": 1e-3,
            "train_loss": 1 / epoch,
            "validation_loss": 1.2 / epoch,
            "validation_auc": 1 - 0.3 / epoch,
            "validation_accuracy": None,
            "seconds": 1.0,
            "images_per_second": 10.0,
        }
        for run in range(runs)
        for epoch in range(1, epochs + 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("runs", "epochs", "head"), [(1, 8, 3), (5, 8, 3), (20, 8, 0), (1, 1, 1)])
def test_learning_curves(tmp_path, runs, epochs, head):
    curves(runs, epochs, head).to_csv(tmp_path / "log.csv", index=False)
    figure = draw_learning_curves(read_learning_curves(tmp_path / "log.csv"))
    check(figure, tmp_path)
    loss, auc = figure.axes
    assert (loss.get_ylabel(), auc.get_ylabel()) == ("Loss", "Validation AUC")
    assert loss.get_xlabel() == "Epoch"
    phase_lines = [line for line in auc.lines if list(line.get_ydata()) == [0, 1]]
    assert [line.get_xdata()[0] for line in phase_lines] == ([3.5] if head == 3 else [])


def test_learning_curves_without_auc(tmp_path):
    figure = draw_learning_curves(curves().assign(validation_auc=np.nan))
    check(figure, tmp_path)
    assert "not logged" in texts(figure)
    with pytest.raises(ValueError, match="no epochs"):
        draw_learning_curves(curves().iloc[:0])


def test_repeated_epochs_after_resuming_count_once(tmp_path):
    frame = curves(1)
    again = frame.iloc[5:].assign(train_loss=9.0)
    pd.concat([frame, again]).to_csv(tmp_path / "log.csv", index=False)
    found = read_learning_curves(tmp_path / "log.csv")
    assert found["epoch"].tolist() == list(range(1, 9))
    assert found["train_loss"].tolist()[5:] == [9.0] * 3


def test_bad_learning_curves_are_named(tmp_path):
    path = tmp_path / "log.csv"
    curves().drop(columns="phase").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"log\.csv: missing column\(s\) phase"):
        read_learning_curves(path)
    curves(1, 2).assign(phase=["head", "tail"]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"log\.csv:3: phase is 'tail', must be head or all"):
        read_learning_curves(path)
    curves(1, 2).assign(epoch=1, phase=["head", "all"]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"log\.csv:3: epoch 1 of run 'fold 0' is in both"):
        read_learning_curves(path)
    curves(1, 2).assign(epoch=["one", 2]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"log\.csv:2: epoch is 'one'"):
        read_learning_curves(path)


def examples(count, classes=3, shape=(40, 30)):
    generator = np.random.default_rng(0)
    return [
        Example(generator.random(shape), CLASSES[i % 3], generator.dirichlet(np.ones(classes)))
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [1, 4, 7])
def test_example_sheet(tmp_path, count):
    figure = draw_example_sheet(examples(count), CLASSES)
    check(figure, tmp_path)
    assert len(figure.axes) == 2 * count
    assert sum(text.startswith("True: ") for text in texts(figure)) == count


def test_example_sheet_marks_right_wrong_and_unknown():
    pixels = np.zeros((4, 4))
    sheet = [
        Example(pixels, "covid19", [0.8, 0.1, 0.1]),
        Example(pixels, "normal", [0.8, 0.1, 0.1]),
        Example(pixels, None, [0.8, 0.1, 0.1]),
    ]
    found = texts(draw_example_sheet(sheet, CLASSES))
    predicted = [text for text in found if text.startswith("Predicted")]
    assert predicted == [
        "Predicted: COVID-19 ✓",
        "Predicted: COVID-19 ✗",
        "Predicted: COVID-19",
    ]
    assert "True: not known" in found


def test_example_sheet_of_many_classes_always_shows_the_true_one():
    values = np.linspace(1, 0, 15) / np.linspace(1, 0, 15).sum()
    found = texts(draw_example_sheet([Example(np.eye(5), "No Finding", values)], NIH_LABELS))
    assert "No Finding" in found
    assert "Atelectasis" in found
    assert "Hernia" not in found


def test_example_sheet_refuses_wrong_input():
    with pytest.raises(ValueError, match="no examples"):
        draw_example_sheet([], CLASSES)
    with pytest.raises(
        ValueError, match=r"example 0: pixels must be \(H, W\), got shape \(3, 4, 4\)"
    ):
        draw_example_sheet([Example(np.zeros((3, 4, 4)), None, [1, 0, 0])], CLASSES)
    with pytest.raises(ValueError, match=r"example 0: probabilities must be \(3,\), got \(2,\)"):
        draw_example_sheet([Example(np.zeros((4, 4)), None, [1, 0])], CLASSES)
    with pytest.raises(ValueError, match="'flu'"):
        draw_example_sheet([Example(np.zeros((4, 4)), "flu", [1, 0, 0])], CLASSES)


def test_drawing_leaves_global_settings_alone():
    before = dict(mpl.rcParams)
    draw_roc_curves(report_of(single_label()))
    assert dict(mpl.rcParams) == before


def test_colours_are_distinct():
    assert len(set(PALETTE)) == len(PALETTE) == 6
