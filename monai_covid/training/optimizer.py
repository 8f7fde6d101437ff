"""The two phases of a stage, the head alone and then everything; optimizers and learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.hooks import RemovableHandle

from monai_covid.models.tensor_names import HEAD

HEAD_PHASE = "head"
WHOLE_PHASE = "all"


def phase_of(epoch: int, head_epochs: int) -> str:
    """Return the phase of ``epoch`` (counted from 1)."""
    return HEAD_PHASE if epoch <= head_epochs else WHOLE_PHASE


class HeadFirst:
    """Trains the head alone for the first epochs, then the whole network.

    While the head trains, the backbone gets no gradients and its batch normalisation keeps its
    statistics, although the trainer puts the network into training mode at every iteration. The
    phase depends on the epoch alone, so that a resumed run is in the right one.
    """

    def __init__(
        self, network: nn.Module, head_epochs: int, freeze_batch_norm: bool = False
    ) -> None:
        """Handle a network.

        Args:
            network: Without any wrapper; its backbone is its submodule ``features``.
            head_epochs: Epochs of the first phase.
            freeze_batch_norm: Whether batch normalisation keeps the statistics that it started
                with in the second phase too; its scales and shifts are trained.
        """
        self.network = network
        self.head_epochs = head_epochs
        self.freeze_batch_norm = freeze_batch_norm
        self._hook: RemovableHandle | None = None

    def attach(self, engine: Engine) -> None:
        """Set the phase at the start of each of the trainer's epochs."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)
        engine.add_event_handler(Events.COMPLETED, self.release)

    def __call__(self, engine: Engine) -> None:
        """Freeze or release the backbone for the epoch that starts."""
        if phase_of(engine.state.epoch, self.head_epochs) == HEAD_PHASE:
            self.freeze()
        else:
            self._set_backbone_gradients(True)
            if self.freeze_batch_norm:
                self._keep_statistics()
            else:
                self._let_statistics_follow()

    def freeze(self) -> None:
        """Freeze the backbone: parameters and batch normalisation statistics."""
        self._set_backbone_gradients(False)
        self._keep_statistics()

    def release(self) -> None:
        """Let everything train, as without this handler."""
        self._set_backbone_gradients(True)
        self._let_statistics_follow()

    def _keep_statistics(self) -> None:
        if self._hook is None:
            backbone = self.network.get_submodule("features")
            self._hook = backbone.register_forward_pre_hook(_to_evaluation_mode)

    def _let_statistics_follow(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _set_backbone_gradients(self, needed: bool) -> None:
        for name, parameter in self.network.named_parameters():
            if not name.startswith(HEAD):
                parameter.requires_grad_(needed)


def _to_evaluation_mode(module: nn.Module, _: Any) -> None:
    module.eval()


class PhasedCosine:
    """Learning rate of each epoch as a factor of the base rate, for ``LambdaLR``.

    Constant in the head phase; in the whole phase a linear warm-up, then a half cosine that ends
    near zero at the last epoch.
    """

    def __init__(
        self, max_epochs: int, head_epochs: int, head_factor: float = 1.0, warmup_epochs: int = 0
    ) -> None:
        """Plan ``max_epochs`` epochs, the first ``head_epochs`` of them at ``head_factor``."""
        self.max_epochs = max_epochs
        self.head_epochs = head_epochs
        self.head_factor = head_factor
        self.warmup_epochs = warmup_epochs

    def __call__(self, epoch: int) -> float:
        """Return the factor for ``epoch``, counted from 0."""
        if epoch < self.head_epochs:
            return self.head_factor
        done = epoch - self.head_epochs
        if done < self.warmup_epochs:
            return (done + 1) / (self.warmup_epochs + 1)
        planned = max(self.max_epochs - self.head_epochs - self.warmup_epochs, 1)
        progress = min((done - self.warmup_epochs) / planned, 1.0)
        return 0.5 * (1 + math.cos(math.pi * progress))


def phased_cosine(
    optimizer: torch.optim.Optimizer,
    *,
    max_epochs: int,
    learning_rate: float,
    head_epochs: int = 0,
    head_learning_rate: float | None = None,
    warmup_epochs: int = 0,
) -> LambdaLR:
    """Return the scheduler of a stage; see `PhasedCosine`.

    Args:
        optimizer: Has the rate ``learning_rate``.
        max_epochs: Epochs of both phases together.
        learning_rate: Rate of the second phase, before its decay.
        head_epochs: Epochs of the first phase.
        head_learning_rate: Rate of the first phase; None for the same.
        warmup_epochs: Epochs over which the second phase's rate rises.
    """
    factor = 1.0 if head_learning_rate is None else head_learning_rate / learning_rate
    return LambdaLR(optimizer, PhasedCosine(max_epochs, head_epochs, factor, warmup_epochs))


SGD, ADAMW = "sgd", "adamw"
OPTIMIZERS = (SGD, ADAMW)


def make_optimizer(
    params: Iterable[nn.Parameter],
    name: str = SGD,
    *,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Return an optimizer.

    Args:
        params: What is trained.
        name: ``sgd`` or ``adamw`` (I. Loshchilov and F. Hutter, "Decoupled Weight Decay
            Regularization", ICLR 2019), whose steps do not depend on the scale of the gradients.
        lr: Learning rate; a good one of AdamW is tens of times smaller.
        momentum: Of SGD; AdamW keeps PyTorch's own 0.9 and 0.999.
        weight_decay: Of both.

    Raises:
        ValueError: If the name is unknown.
    """
    if name == SGD:
        return torch.optim.SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay)
    if name == ADAMW:
        return torch.optim.AdamW(params, lr=lr, weight_decay=weight_decay)
    raise ValueError(f"optimizer_name is {name!r}; it must be one of {', '.join(OPTIMIZERS)}")
