"""Figures: what is drawn and how large."""

from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.lab.studies.pages.figures import draw_curves, png
from monai_covid.lab.studies.pages.forest import best_trivial, draw_forest, forest_rows
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.pages import example


def study_of(content):
    return parse_study(content, "study.json", "x")


@pytest.fixture(scope="module")
def full():
    return study_of(example.full_study())


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


@pytest.mark.parametrize("draw", [draw_curves, draw_forest])
def test_a_figure_is_small_and_legible(full, draw):
    figure = draw(full)
    data = png(figure)
    assert len(data) < 80_000
    pixels = np.asarray(Image.open(BytesIO(data)).convert("L"))
    assert 900 < pixels.shape[1] < 1300
    assert 0.002 < (pixels < 200).mean() < 0.5
    assert RESEARCH_USE_ONLY in texts(figure)


def test_each_arm_is_drawn_beside_the_baseline(full):
    figure = draw_curves(full)
    headings = {axes.get_title(loc="left") for axes in figure.axes}
    assert {"twice-mean (15 runs)", "direct (13 runs)"} <= headings
    assert "twice-keep (15 runs)" not in headings
    drawn = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert all(len(axes.lines) == 2 and len(axes.collections) == 2 for axes in drawn)
    curve = drawn[0].lines[1].get_ydata()
    assert curve == pytest.approx(np.mean(full.arms[1].curves, axis=0))
    assert drawn[0].patches[0].get_extents().width > 0
    assert any("bootstrap over runs" in text for text in texts(figure))


def test_each_arm_is_drawn_beside_the_one_it_is_compared_with():
    low, middle, high = (example.arm(name) for name in ("low", "middle", "high"))
    low["baseline"] = middle["baseline"] = "low"
    high["baseline"] = "middle"
    middle["curves"]["validation_auc"] = [[0.1] * len(middle["curves"]["epoch"])] * 2
    figure = draw_curves(study_of(example.study([low, middle, high], [], baseline="low")))
    drawn = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert list(drawn) == ["middle (2 runs)\ndashed: low", "high (2 runs)\ndashed: middle"]
    dashed = drawn["high (2 runs)\ndashed: middle"].lines[0]
    assert dashed.get_ydata() == pytest.approx(0.1)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][1] == "The arm it is compared with"


def test_an_arm_without_a_curve_is_not_named_as_one_to_compare_with():
    probe, other, trained = (example.arm(name) for name in ("probe", "other", "trained"))
    for arm in (probe, other):
        arm["curves"] = {**arm["curves"], "epoch": [], "validation_auc": [[], []]}
    trained["baseline"] = "other"
    arms = [probe, other, trained]
    figure = draw_curves(study_of(example.study(arms, [], baseline="probe")))
    drawn = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.lines}
    assert list(drawn) == ["trained (2 runs)"]
    assert len(drawn["trained (2 runs)"].lines) == 1
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Arm of the plot"]


def test_one_run_has_no_band_and_says_so():
    arms = [example.arm(name, seeds=(0,)) for name in ("twice-keep", "twice-random")]
    figure = draw_curves(study_of(example.study(arms, seeds=[0])))
    assert not any(axes.collections for axes in figure.axes)
    assert any("a single run of each arm: no bands" in text for text in texts(figure))


def test_the_baseline_alone_is_drawn_too():
    arms = [example.arm("twice-keep")]
    figure = draw_curves(study_of(example.study(arms, [])))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["twice-keep (2 runs)"]


def test_arms_without_runs_are_drawn_empty():
    arms = [example.arm("twice-keep", missing=2), example.arm("twice-random", missing=2)]
    content = example.study(arms, [], {})
    assert png(draw_curves(study_of(content)))
    assert png(draw_forest(study_of(content)))


def test_the_forest_has_every_row_and_mark(full):
    rows = forest_rows(full)
    assert [row.name for row in rows][:2] == ["twice-keep", "twice-keep, seeds averaged"]
    assert "direct (not finished)" in [row.name for row in rows]
    assert best_trivial(rows, "accuracy") == 0.76
    assert best_trivial(rows, "absent") is None
    accuracy, _, _, binary = draw_forest(full).axes
    uprights = [line.get_xdata()[0] for line in accuracy.lines if line.get_linestyle() == "--"]
    assert {0.8702, 1.0, 0.76} <= {*uprights}
    assert 0.9808 in [line.get_xdata()[0] for line in binary.lines]
    values = [line.get_xdata()[0] for line in accuracy.lines if line.get_marker() == "o"]
    assert values == pytest.approx([0.66, 0.68, 0.7, 0.72, 0.74, 0.76, 0.78, 0.6])
