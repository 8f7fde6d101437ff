"""Output neuron keeping: which rows of the new head are old ones, and that they are untouched."""

import re

import pytest
import torch

from monai_covid.labels import COVID_LABELS, NIH_FINDINGS, NIH_LABELS
from monai_covid.models.architectures import build_densenet
from monai_covid.models.transfer import Head, get_head, keep_output_neurons, random_head, set_head

FEATURES = 1024
SHARED = {"Pneumonia": "pneumonia", "No Finding": "normal"}


def head_of(labels, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return Head(
        torch.randn(len(labels), FEATURES, generator=generator, dtype=dtype),
        torch.randn(len(labels), generator=generator, dtype=dtype),
    )


def assert_row_kept(transferred, target, source, source_label):
    row, origin = list(transferred.origin).index(target), source_label
    assert torch.equal(transferred.head.weight[row], source.weight[origin])
    assert torch.equal(transferred.head.bias[row], source.bias[origin])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pneumonia_and_normal_are_kept_bit_for_bit(dtype):
    source = head_of(NIH_LABELS, dtype=dtype)
    transferred = keep_output_neurons(source, NIH_LABELS, COVID_LABELS, mapping=SHARED)
    assert_row_kept(transferred, "pneumonia", source, NIH_LABELS.index("Pneumonia"))
    assert_row_kept(transferred, "normal", source, NIH_LABELS.index("No Finding"))
    assert transferred.origin == {
        "covid19": "random",
        "pneumonia": "kept from Pneumonia",
        "normal": "kept from No Finding",
    }
    assert transferred.head.weight.dtype == transferred.head.bias.dtype == dtype


@pytest.mark.parametrize(
    "targets",
    [
        ("normal", "covid19", "pneumonia"),
        ("pneumonia", "normal"),
        ("pneumonia", "normal", "x", "y"),
    ],
)
def test_rows_follow_the_order_of_the_targets(targets):
    source = head_of(NIH_LABELS)
    transferred = keep_output_neurons(source, NIH_LABELS, targets, mapping=SHARED)
    assert tuple(transferred.origin) == targets
    assert transferred.head.weight.shape == (len(targets), FEATURES)
    assert_row_kept(transferred, "pneumonia", source, NIH_LABELS.index("Pneumonia"))
    assert_row_kept(transferred, "normal", source, NIH_LABELS.index("No Finding"))


def test_the_order_of_the_source_does_not_matter():
    source = head_of(NIH_LABELS)
    order = torch.randperm(len(NIH_LABELS), generator=torch.Generator().manual_seed(5))
    shuffled = Head(source.weight[order], source.bias[order])
    labels = [NIH_LABELS[position] for position in order]
    transferred = keep_output_neurons(shuffled, labels, COVID_LABELS, mapping=SHARED)
    assert_row_kept(transferred, "pneumonia", source, NIH_LABELS.index("Pneumonia"))
    assert_row_kept(transferred, "normal", source, NIH_LABELS.index("No Finding"))


def test_a_head_without_no_finding_keeps_pneumonia_alone():
    source = head_of(NIH_FINDINGS)
    transferred = keep_output_neurons(source, NIH_FINDINGS, COVID_LABELS, mapping=SHARED)
    assert_row_kept(transferred, "pneumonia", source, NIH_FINDINGS.index("Pneumonia"))
    assert transferred.origin["normal"] == transferred.origin["covid19"] == "random"
    assert not (transferred.head.weight[2] == source.weight).all(1).any()


def test_the_source_is_not_changed_and_not_shared():
    source = head_of(NIH_LABELS)
    before = source.weight.clone()
    transferred = keep_output_neurons(source, NIH_LABELS, COVID_LABELS, mapping=SHARED)
    transferred.head.weight.zero_()
    assert torch.equal(source.weight, before)


def test_a_new_neuron_may_start_from_the_mean_of_related_findings():
    source = head_of(NIH_LABELS, dtype=torch.float64)
    related = ["Consolidation", "Infiltration"]
    transferred = keep_output_neurons(
        source, NIH_LABELS, COVID_LABELS, mapping=SHARED, new_from={"covid19": related}
    )
    first, second = (NIH_LABELS.index(label) for label in related)
    expected = (source.weight[first] + source.weight[second]) / 2
    torch.testing.assert_close(transferred.head.weight[0], expected, rtol=0, atol=1e-15)
    expected_bias = (source.bias[first] + source.bias[second]) / 2
    torch.testing.assert_close(transferred.head.bias[0], expected_bias, rtol=0, atol=1e-15)
    assert transferred.origin["covid19"] == "mean of Consolidation, Infiltration"
    assert_row_kept(transferred, "pneumonia", source, NIH_LABELS.index("Pneumonia"))


def test_random_rows_are_those_of_a_linear_layer():
    head = random_head(400, FEATURES, torch.Generator().manual_seed(0))
    bound = torch.nn.Linear(FEATURES, 400).weight.abs().max().item()
    largest = head.weight.abs().max().item()
    assert largest <= FEATURES**-0.5
    assert largest == pytest.approx(bound, rel=1e-3)
    # The standard deviation of a uniform distribution within ±b is b / sqrt(3).
    assert head.weight.std().item() == pytest.approx((3 * FEATURES) ** -0.5, rel=0.01)
    assert head.weight.mean().abs().item() < 3e-4
    assert head.bias.abs().max().item() <= FEATURES**-0.5


def test_random_rows_are_a_function_of_the_generator():
    def transferred(seed):
        generator = torch.Generator().manual_seed(seed)
        head = head_of(NIH_LABELS)
        transferred = keep_output_neurons(
            head, NIH_LABELS, COVID_LABELS, mapping=SHARED, generator=generator
        )
        return transferred.head.weight

    state = torch.get_rng_state()
    assert torch.equal(transferred(1), transferred(1))
    assert not torch.equal(transferred(1)[0], transferred(2)[0])
    assert torch.equal(transferred(1)[1:], transferred(2)[1:])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source_labels": NIH_FINDINGS}, "15 neurons but there are 14 source labels"),
        ({"source_labels": ("Mass", *NIH_LABELS[1:])}, "repeated source labels: Mass"),
        ({"target_labels": ("covid19", "normal", "normal")}, "repeated target labels: normal"),
        (
            {"mapping": {"Pneumonia": "pneumonai"}},
            "unknown target label 'pneumonai'; did you mean 'pneumonia'? Known: covid19, pneumonia",
        ),
        (
            {"mapping": {"Pneumonia": "zebra"}},
            "unknown target label 'zebra'. Known: covid19, pneumonia, normal",
        ),
        (
            {"mapping": {"Mass": "normal", "No Finding": "normal"}},
            "'normal' would be kept from both 'Mass' and 'No Finding'",
        ),
        (
            {"new_from": {"covid": ["Mass"]}},
            "unknown target label 'covid'; did you mean 'covid19'?",
        ),
        (
            {"new_from": {"covid19": ["Consolidaton"]}},
            "unknown source label 'Consolidaton'; did you mean 'Consolidation'?",
        ),
        ({"new_from": {"covid19": []}}, "no related source labels are named for 'covid19'"),
        (
            {"new_from": {"pneumonia": ["Mass"]}},
            "'pneumonia' is kept from 'Pneumonia'; it cannot start anew",
        ),
    ],
)
def test_unusable_arguments(arguments, message):
    usual = {"source_labels": NIH_LABELS, "target_labels": COVID_LABELS, "mapping": SHARED}
    arguments = usual | arguments
    with pytest.raises(ValueError, match=re.escape(message)):
        keep_output_neurons(head_of(NIH_LABELS), **arguments)


def test_a_head_goes_into_a_network_and_comes_back():
    network = build_densenet(outputs=3)
    head = random_head(3, FEATURES, torch.Generator().manual_seed(3))
    set_head(network, head)
    found = get_head(network)
    assert torch.equal(found.weight, head.weight)
    assert torch.equal(found.bias, head.bias)
    found.weight.zero_()
    assert torch.equal(get_head(network).weight, head.weight)


def test_a_head_of_another_size_is_refused():
    with pytest.raises(ValueError, match=re.escape("(15, 1024), the network's is (3, 1024)")):
        set_head(build_densenet(outputs=3), head_of(NIH_LABELS))
