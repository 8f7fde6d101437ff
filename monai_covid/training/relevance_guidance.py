"""Training that is guided to the lungs: relevance elsewhere is penalised."""

from __future__ import annotations

import logging

import ignite.distributed as idist
import torch
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.explain import Composite, DifferentiableLRP
from monai_covid.networks import BLOCK_LAYERS
from monai_covid.training.curve import RELEVANCE
from monai_covid.training.phases import HEAD_PHASE, phase_of
from monai_covid.training.relevance_masks import LUNG_MASK
from monai_covid.training.relevance_penalty import guiding_rules, outside_share

logger = logging.getLogger(__name__)


def check_relevance(weight: float, architecture: str = "densenet121") -> None:
    """Check that a penalty on relevance can be used, once the processes have met.

    Args:
        weight: Of the penalty; 0 for none.
        architecture: What is trained.

    Raises:
        OptionError: If relevance cannot be propagated through the network, or there are several
            processes: gradients of the penalty are not added up among them.
    """
    if weight and architecture not in BLOCK_LAYERS:
        raise OptionError(
            f"--relevance_weight {weight:g} takes one of {', '.join(BLOCK_LAYERS)}, this is a "
            f"{architecture}; give 0"
        )
    if weight and idist.get_world_size() > 1:
        raise OptionError(
            f"--relevance_weight {weight:g} works in one process alone, this is one of "
            f"{idist.get_world_size()}; leave configs/distributed.yaml out, or give 0"
        )


class RelevanceGuidance:
    """Adds the gradient of the relevance outside the lungs to that of the loss.

    After the backward pass of the loss, and before the optimiser's step, the relevance of some
    images of the batch for their true class is propagated back to the pixels, the share of it that
    lies outside the lungs is averaged over these images, and the gradient of ``weight`` times that
    mean is added. The penalty has a forward pass of its own: it is computed in float32 whatever the
    precision of the training, and with the running statistics of the batch normalisations.

    Images without a plausible lung mask are passed over. So is the head phase, in which the
    features cannot change. The trainer's metric ``train_relevance_outside`` is the mean share over
    the epoch; its loss stays that of the classification alone.

    A small share is no proof that a network looks at the lungs alone. In small trials on phantom
    images with a bait outside the lungs the share fell, from about 0.7 to between 0.2 and 0.6 by
    the settings, but no network came to answer by the lesions: where the bait was exchanged the
    answers went on following it, or the network had learned neither. Large weights can make
    training unstable. Test a guided network on images without the shortcut.

    Args:
        network: DenseNet, without any wrapper.
        weight: Weight of the penalty beside the loss; 0 does nothing and costs nothing.
        every: Only each such step is penalised, as many times as strongly.
        images: Images of a batch that are penalised, at most.
        head_epochs: Length of the head phase.
        composite: Rules of the propagation; by default ``guiding_rules``.
    """

    def __init__(
        self,
        network: nn.Module,
        weight: float,
        *,
        every: int = 1,
        images: int = 4,
        head_epochs: int = 0,
        composite: Composite | None = None,
    ) -> None:
        """Note what to penalise; nothing is computed before the first step."""
        self.network = network
        self.weight = weight
        self.every = every
        self.images = images
        self.head_epochs = head_epochs
        self.composite = composite
        self._shares: list[Tensor] = []

    def attach(self, engine: Engine) -> None:
        """Penalise the steps of the trainer ``engine``; attach before what records its metrics."""
        if not self.weight:
            return
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._record)

    def __call__(self, engine: Engine) -> None:
        """Add the gradient of the penalty in a step whose loss has gone backward."""
        if self._is_in_head_phase(engine) or engine.state.iteration % self.every:
            return
        image, label = engine.state.output["image"], engine.state.output["label"]
        lungs = engine.state.batch[LUNG_MASK].to(image.device)
        # A batch is in random order, so that its first images are a random choice.
        chosen = torch.nonzero(lungs.flatten(1).amax(1))[: self.images, 0]
        if not len(chosen):
            return
        found = self._lrp(image.shape[1]).attribute(image[chosen], label[chosen])
        shares = outside_share(found.relevance, lungs[chosen])
        (self.weight * self.every * shares.mean()).backward()  # type: ignore[no-untyped-call]
        self._shares.append(shares.detach())

    def _lrp(self, channels: int) -> DifferentiableLRP:
        return DifferentiableLRP(self.network, self.composite or guiding_rules(channels))

    def _is_in_head_phase(self, engine: Engine) -> bool:
        return phase_of(engine.state.epoch, self.head_epochs) == HEAD_PHASE

    def _start(self, engine: Engine) -> None:
        self._shares = []
        engine.state.metrics.pop(RELEVANCE, None)

    def _record(self, engine: Engine) -> None:
        if self._shares:
            engine.state.metrics[RELEVANCE] = float(torch.cat(self._shares).mean())
        elif not self._is_in_head_phase(engine):
            logger.warning(
                "epoch %d: no image had lungs that look plausible, so no relevance was penalised",
                engine.state.epoch,
            )
