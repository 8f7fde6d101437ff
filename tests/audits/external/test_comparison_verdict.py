import pytest

from monai_covid.audits.external.comparison import Compared, ExternalComparison, judge
from monai_covid.audits.finding import Verdict, combine_verdicts
from monai_covid.audits.groups.performance import measured
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Value
from tests.evaluation.tables import CLASSES, certain

INSIDE = measured(certain([0, 1, 2], [0, 1, 2]), CLASSES, 40, 0)


def comparison(*metrics):
    return ExternalComparison("x", CLASSES, CLASSES, INSIDE, INSIDE, metrics, 0, 0)


def metric(name, low, high, label=None, patients=50):
    middle = None if low is None else (low + high) / 2
    return Compared(
        MetricKey(name, label), Value(0.8), Value(0.7), Value(middle, low, high), patients
    )


@pytest.mark.parametrize(
    ("low", "high", "patients", "verdict"),
    [
        (-0.3, -0.06, 50, Verdict.PROBLEM),
        (-0.3, -0.05, 50, Verdict.INCONCLUSIVE),
        (-0.3, 0.1, 50, Verdict.INCONCLUSIVE),
        (-0.05, 0.1, 50, Verdict.INCONCLUSIVE),
        (-0.04, 0.1, 50, Verdict.PASSED),
        (-0.04, -0.01, 50, Verdict.PASSED),
        (0.02, 0.1, 50, Verdict.PASSED),
        (-0.3, -0.06, 9, Verdict.INCONCLUSIVE),
        (-0.04, 0.1, 9, Verdict.INCONCLUSIVE),
        (None, None, 50, Verdict.INCONCLUSIVE),
    ],
)
def test_by_the_interval_of_the_main_metric(low, high, patients, verdict):
    balanced = metric("balanced_accuracy", low, high, patients=patients)
    assert judge(comparison(balanced)) is verdict
    assert judge(comparison(metric("recall", low, high, "covid19", patients))) is verdict


def test_a_lost_class_is_a_problem_even_where_others_make_up_for_it():
    balanced = metric("balanced_accuracy", -0.04, 0.04)
    lost = metric("recall", -0.5, -0.2, "covid19")
    assert judge(comparison(balanced, lost)) is Verdict.PROBLEM


def test_what_depends_on_the_class_mix_is_not_judged():
    balanced = metric("balanced_accuracy", -0.04, 0.04)
    assert judge(comparison(balanced, metric("accuracy", -0.5, -0.2))) is Verdict.PASSED


def test_the_worst_collection_decides():
    passed = comparison(metric("balanced_accuracy", -0.04, 0.04))
    inconclusive = comparison()
    problem = comparison(metric("balanced_accuracy", -0.3, -0.2))
    assert combine_verdicts(map(judge, [passed])) is Verdict.PASSED
    assert combine_verdicts(map(judge, [passed, inconclusive])) is Verdict.INCONCLUSIVE
    assert combine_verdicts(map(judge, [passed, inconclusive, problem])) is Verdict.PROBLEM
