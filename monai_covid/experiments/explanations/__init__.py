"""Explanation methods put to the test, where the truth is known and where it is not."""

from monai_covid.experiments.explanations.cases import Cases, cases_of_files, phantom_cases
from monai_covid.experiments.explanations.effort import Effort
from monai_covid.experiments.explanations.measure import measure
from monai_covid.experiments.explanations.networks import NetworkPlan
from monai_covid.experiments.explanations.run import benchmark_model, benchmark_phantom

__all__ = [
    "Cases",
    "Effort",
    "NetworkPlan",
    "benchmark_model",
    "benchmark_phantom",
    "cases_of_files",
    "measure",
    "phantom_cases",
]
