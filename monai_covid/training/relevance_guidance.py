"""Training that is guided to the lungs: LRP relevance outside them is penalised.

Lung masks go through the transforms with their images; a handler adds the gradient of the share of
relevance that lies outside.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from copy import copy
from typing import Any

import ignite.distributed as idist
import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.config import KeysCollection
from monai.engines.utils import IterationEvents
from monai.transforms import Compose, MapTransform
from monai.transforms.traits import RandomizableTrait
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.explain.lrp.composites import Composite, EpsilonZBox
from monai_covid.explain.lrp.differentiable import DifferentiableLRP
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.preprocessing.augmentation.borders import RandomBorderd
from monai_covid.preprocessing.augmentation.chain import REFERENCE_SIZE
from monai_covid.preprocessing.augmentation.placement import RandomPlacementd
from monai_covid.preprocessing.lungs.find import find_lungs
from monai_covid.preprocessing.normalise import standardized_range
from monai_covid.training.curve import RELEVANCE
from monai_covid.training.optimizer import HEAD_PHASE, phase_of

LUNG_MASK = "lung_mask"
"""Field of an item with its mask."""


class LungMaskd(MapTransform):
    """Find the lungs of each image and keep them as a mask beside it, under ``lung_mask``.

    The mask is ``(1, H, W)`` float32: 1 in the lungs and within the margin around them, else 0. It
    is 0 everywhere if what was found does not look like the lungs of an upright frontal chest
    radiograph.

    Args:
        keys: Key of the image ``(1, H, W)``; of several, the last one's mask stays.
        margin: Pixels around the lungs that count as lungs.
    """

    def __init__(self, keys: KeysCollection, margin: float) -> None:
        """Take the key and the margin."""
        super().__init__(keys)
        self.margin = margin

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the mask."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[LUNG_MASK] = lung_mask(sample[key], self.margin)
        return sample


def lung_mask(image: Tensor, margin: float = 0.0) -> Tensor:
    """Return the lungs of ``image`` ``(1, H, W)`` with a margin in pixels; see `LungMaskd`."""
    fields = find_lungs(image[0].numpy())
    mask = fields.mask if fields.plausible else np.zeros_like(fields.mask)
    return torch.from_numpy(_with_margin(mask, margin).astype(np.float32))[None]


def _with_margin(mask: NDArray[np.bool_], margin: float) -> NDArray[np.bool_]:
    # Without any lungs there is nothing that a distance could be measured to.
    if margin <= 0 or not mask.any():
        return mask
    distances: NDArray[np.float64] = distance_transform_edt(~mask)
    return distances <= margin


def with_lung_masks(chain: Compose, size: int, *, weight: float, margin: float) -> Compose:
    """Return a chain for training that also finds the lungs and places them like their image.

    The mask is found on the preprocessed image, once and before the first random transform, so that
    it is cached with the image.

    Args:
        chain: Deterministic transforms, then random ones, of the field ``image``.
        size: Side of the network's input in pixels.
        weight: Of the penalty the masks are for; without any the chain stays what it is.
        margin: Around the lungs, in pixels of an image of 224; scaled with ``size``.
    """
    if not weight:
        return chain
    steps = [_placing_lungs(step) for step in chain.transforms]
    random = (number for number, step in enumerate(steps) if isinstance(step, RandomizableTrait))
    first = next(random, len(steps))
    find = LungMaskd("image", margin * size / REFERENCE_SIZE)
    return Compose([*steps[:first], find, *steps[first:]])


def _placing_lungs(step: Any) -> Any:
    """Return ``step``, or a copy that places masks too if it moves images."""
    if isinstance(step, RandomBorderd):
        covering = copy(step)
        covering.mask_keys = (LUNG_MASK,)
        return covering
    if not isinstance(step, RandomPlacementd):
        return step
    placing = copy(step)
    placing.keys = (*step.keys, LUNG_MASK)
    return placing


SMALL = 1e-6
"""Of a logit: keeps the share finite where no pixel is relevant."""


def outside_share(relevance: Tensor, lungs: Tensor) -> Tensor:
    """Return which share of each image's relevance lies outside the lungs, ``(B,)`` in [0, 1].

    ``Σ |R| (1 - lungs) / (Σ |R| + 1e-6)``: evidence against the class counts like evidence for it.
    In the spirit of the background loss of Bassi et al., Nature Communications 15:291 (2024), who
    scale maps by their mean, pool the background with larger values weighing more and take a
    cross-entropy, and who need a second loss to keep relevance from vanishing or growing in the
    foreground. A share depends on no scale, so it needs none; it is gentler where little relevance
    is left outside.

    Args:
        relevance: ``(B, C, H, W)``.
        lungs: ``(B, 1, H, W)`` in [0, 1].
    """
    size = relevance.abs().sum(1, keepdim=True)
    outside = (size * (1 - lungs)).sum((1, 2, 3))
    return outside / (size.sum((1, 2, 3)) + SMALL)


def guiding_rules(channels: int) -> Composite:
    """Return the rules by which training is guided, those of Bassi et al. (2024).

    Args:
        channels: Of the network's input, whose range the rule for pixels must know.
    """
    return EpsilonZBox(*standardized_range(channels))


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

    A small share does not prove that a network looks at the lungs alone. In small trials on phantom
    images with a shortcut outside the lungs the share fell, from about 0.7 to between 0.2 and 0.6
    by the settings, but no network came to answer by the lesions: where the shortcut was exchanged,
    the answers went on following it, or the network had learned neither. Large weights can make
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
        attribution = self._lrp(image.shape[1]).attribute(image[chosen], label[chosen])
        shares = outside_share(attribution.relevance, lungs[chosen])
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
