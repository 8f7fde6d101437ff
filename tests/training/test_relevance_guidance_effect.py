"""What the penalty does to a network that is baited by a texture in a corner.

It moves relevance into the lungs. It is not shown here that the network then no longer uses the
bait: see the docstring of ``RelevanceGuidance``.
"""

import pytest
import torch
from monai.engines import SupervisedTrainer
from monai.handlers import LrScheduleHandler
from monai.networks.nets import DenseNet
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from monai_covid.explain.lrp.engine import LRP
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.normalise import GREY_DEVIATION, GREY_MEAN
from monai_covid.training.optimizer import PhasedCosine
from monai_covid.training.relevance_guidance import (
    RelevanceGuidance,
    guiding_rules,
    lung_mask,
    outside_share,
)

SIZE, SIDE = 64, 14
EPOCHS = 10
CLEAR = PhantomOptions(size=SIZE, conspicuity=3.0, text=False)


def textures():
    """Return stripes down, stripes across and a chequerboard, alike in mean and range."""
    dark = torch.arange(SIDE) % 4 < 2
    squares = torch.arange(SIDE) // 2
    chequered = (squares[:, None] + squares) % 2 > 0
    return torch.stack([dark.expand(SIDE, SIDE), dark[:, None].expand(SIDE, SIDE), chequered])


def baited(count, seed):
    items = []
    for index in range(count):
        label = index % 3
        made = generate_covid_case(seed, index, COVID_LABELS[label], CLEAR)
        image = preprocess_pixels(made.pixels, SIZE)
        mask = lung_mask(image * GREY_DEVIATION + GREY_MEAN, 2.0)
        image[0, 1 : 1 + SIDE, 1 : 1 + SIDE] = textures()[label] * 4.2 - 1.9
        items.append({"image": image, "label": label, "lung_mask": mask})
    return items


def trained(items, weight):
    torch.manual_seed(0)
    network = DenseNet(2, 1, 3, init_features=16, growth_rate=8, block_config=(2, 2, 2))
    optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
    schedule = LambdaLR(optimizer, PhasedCosine(EPOCHS, 0, warmup_epochs=1))
    SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=EPOCHS,
        train_data_loader=DataLoader(items, batch_size=16, shuffle=True, drop_last=True),
        network=network,
        optimizer=optimizer,
        loss_function=torch.nn.CrossEntropyLoss(),
        train_handlers=[RelevanceGuidance(network, weight), LrScheduleHandler(schedule, False)],
        decollate=False,
    ).run()
    return network.eval()


def share_outside(network, items):
    batch = next(iter(DataLoader(items, batch_size=len(items))))
    relevance = LRP(network, guiding_rules(1)).attribute(batch["image"], batch["label"])
    has_lungs = batch["lung_mask"].flatten(1).amax(1) > 0
    with torch.no_grad():
        right = (network(batch["image"]).argmax(1) == batch["label"]).float().mean()
    shares = outside_share(relevance, batch["lung_mask"])
    return shares[has_lungs].mean().item(), right.item()


@pytest.mark.slow
def test_relevance_moves_into_the_lungs():
    items, others = baited(240, seed=0), baited(60, seed=1)
    plain, plain_right = share_outside(trained(items, 0.0), others)
    guided, guided_right = share_outside(trained(items, 1.0), others)
    assert plain_right > 0.9
    assert guided_right > 0.8
    assert guided < plain - 0.15, (plain, guided)
