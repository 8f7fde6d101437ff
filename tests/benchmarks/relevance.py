"""Time and memory of a heatmap over those of a forward pass, beside zennit and captum.

``make benchmark-explain`` prints, for DenseNet-121 and -201 at 224 px, ratios to a forward pass
without gradients of the network as MONAI builds it. All take turns, so that a machine whose speed
drifts slows them alike. Peak memory is that of a process that makes one heatmap of the batch, above
that of one that has only imported what it needs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from captum import attr as captum
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import Tensor, nn

from monai_covid.explain.lrp.composites import (
    Composite,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.lrp.engine import LRP
from monai_covid.models.architectures import build_densenet
from monai_covid.models.device import disable_malloc_trim
from tests.benchmarks.peak import peak_mib
from tests.explain.lrp import zennit_oracle as zennit
from tests.explain.lrp.modules import as_modules

LOW, HIGH = -2.0, 2.5
FORWARD = "forward, no gradients"


def zennit_plus_flat(network: nn.Module, images: Tensor) -> Callable[[], object]:
    composite = zennit.SpecialFirstLayerMapComposite(
        [
            (zennit.Activation, zennit.Pass()),
            (zennit.AvgPool, zennit.Norm()),
            (zennit.Convolution, zennit.ZPlus()),
            (zennit.Linear, zennit.Epsilon()),
            (zennit.BatchNorm, zennit.Epsilon()),
        ],
        [(zennit.Convolution, zennit.Flat())],
    )
    modules = as_modules(network)
    chosen = torch.eye(3)[[0]]

    def explain() -> object:
        with zennit.Gradient(modules, composite) as attributor:
            return attributor(images, lambda logits: logits * chosen)

    return explain


def captum_epsilon(network: nn.Module, images: Tensor) -> Callable[[], object]:
    modules = as_modules(network)
    ruled = [
        module
        for module in modules.modules()
        if not list(module.children()) and not isinstance(module, nn.ReLU)
    ]

    def explain() -> object:
        for module in ruled:  # captum removes them after every call
            module.rule = EpsilonRule()
        return captum.LRP(modules).attribute(images, target=0)

    return explain


def forward(network: nn.Module, images: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return network(images)

    return run


def gradient(network: nn.Module, images: Tensor) -> Callable[[], object]:
    inputs = images.clone().requires_grad_()
    return lambda: torch.autograd.grad(network(inputs)[:, 0].sum(), inputs)


def channels_last(network: nn.Module, images: Tensor) -> Callable[[], object]:
    copy = build_densenet(architecture_of(network)).eval()
    return forward(copy.to(memory_format=torch.channels_last), images)


def architecture_of(network: nn.Module) -> str:
    return "densenet121" if len(network.features.denseblock3) == 24 else "densenet201"


def ours(composite: Composite) -> Callable[[nn.Module, Tensor], Callable[[], object]]:
    def start(network: nn.Module, images: Tensor) -> Callable[[], object]:
        lrp = LRP(network, composite)
        return lambda: lrp.attribute(images, 0)

    return start


WAYS: dict[str, Callable[[nn.Module, Tensor], Callable[[], object]]] = {
    FORWARD: forward,
    "the same, channels last": channels_last,
    "forward and backward": gradient,
    "EpsilonPlusFlat": ours(EpsilonPlusFlat()),
    "EpsilonZBox": ours(EpsilonZBox(LOW, HIGH)),
    "EpsilonAlpha2Beta1Flat": ours(EpsilonAlpha2Beta1Flat()),
    "zennit, EpsilonPlusFlat": zennit_plus_flat,
    "captum, epsilon": captum_epsilon,
}


def prepare(way: str, architecture: str, batch: int) -> Callable[[], object]:
    torch.manual_seed(0)
    network = build_densenet(architecture).eval()
    return WAYS[way](network, torch.randn(batch, 1, 224, 224))


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def peak(way: str, architecture: str, batch: int) -> float:
    """Return the MiB that one heatmap takes at its peak, in a process of its own."""
    call = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.relevance"]
    asked = ["--one", way, "--architecture", architecture, "--batch", str(batch)]
    printed = subprocess.run([*call, *asked], check=True, capture_output=True, text=True).stdout
    return float(printed.splitlines()[-1])


def measure_one(way: str, architecture: str, batch: int) -> None:
    run = prepare(way, architecture, batch)
    before = peak_mib()
    run()
    print(peak_mib() - before)


def compare(architecture: str, batch: int, repeats: int) -> None:
    runs = {way: prepare(way, architecture, batch) for way in WAYS}
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for repeat in range(repeats + 1):
        for way, run in runs.items():
            spent = seconds(run)
            if repeat:  # the first round warms up
                times[way].append(spent)
    print(f"{architecture}, batch {batch}")
    for way in WAYS:
        ratios = sorted(a / b for a, b in zip(times[way], times[FORWARD], strict=True))
        print(
            f"  {way:26} {1000 * statistics.median(times[way]) / batch:7.0f} ms an image   "
            f"{statistics.median(ratios):5.2f} x ({ratios[0]:.2f} to {ratios[-1]:.2f})   "
            f"{peak(way, architecture, batch):6.0f} MiB"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=WAYS)
    parser.add_argument("--architecture", default="densenet121")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.one:
        measure_one(options.one, options.architecture, options.batch)
        return
    disable_malloc_trim()
    for architecture in ("densenet121", "densenet201"):
        for batch in (1, 8):
            compare(architecture, batch, options.repeats)


if __name__ == "__main__":
    main()
