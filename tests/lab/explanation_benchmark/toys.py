"""Two small networks that reach the same answers for different reasons, trained in seconds."""

from functools import cache

import torch
from monai.networks.nets import DenseNet

from monai_covid.explain.methods import PixelRange
from monai_covid.lab.explanation_benchmark.cases import LESION, TEXT, Cases

SIZE = 48
PIXELS = PixelRange((-4.0,), (4.0,))


def scene(count, lesions, words, seed):
    """Return noise with a round spot in the lower half and stripes in the upper half, and masks.

    Args:
        count: Images.
        lesions: Whether each has a spot, ``(count,)``.
        words: Whether each has stripes.
        seed: Of everything.
    """
    generator = torch.Generator().manual_seed(seed)
    images = 0.3 * torch.randn(count, 1, SIZE, SIZE, generator=generator)
    down, right = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    spots, stripes = (torch.zeros(count, SIZE, SIZE, dtype=torch.bool) for _ in range(2))
    for index in range(count):
        row, column = (
            int(torch.randint(low, high, (), generator=generator))
            for low, high in ((SIZE // 2 + 6, SIZE - 6), (6, SIZE - 6))
        )
        spots[index] = (down - row) ** 2 + (right - column) ** 2 < 25
        left = int(torch.randint(0, SIZE - 16, (), generator=generator))
        stripes[index, 4:10, left : left + 16] = True
    striped = torch.where(right % 4 < 2, 2.0, -2.0)
    images[:, 0] += 2.0 * (spots & lesions[:, None, None])
    images[:, 0] += striped * (stripes & words[:, None, None])
    return images, {LESION: spots, TEXT: stripes}


def trained(looks_at):
    """Return a network that tells the presence of ``looks_at``, the other one being no help."""
    torch.manual_seed(0)
    network = DenseNet(2, 1, 2, init_features=12, growth_rate=6, block_config=(2, 2), bn_size=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for step in range(150):
        lesions, words = torch.rand(2, 24, generator=torch.Generator().manual_seed(step)) < 0.5
        images, _ = scene(24, lesions, words, seed=1000 + step)
        wanted = (lesions if looks_at == LESION else words).long()
        loss = torch.nn.functional.cross_entropy(network(images), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


@cache
def networks():
    """Return the network that sees lesions and the one that reads words."""
    with torch.random.fork_rng():
        return trained(LESION), trained(TEXT)


def cases(count=10, seed=5):
    """Return images with both, which both networks take for class 1."""
    there = torch.ones(count, dtype=torch.bool)
    images, masks = scene(count, there, there, seed)
    names = tuple(f"{number:02d}" for number in range(count))
    return Cases(names, images, torch.ones(count, dtype=torch.long), masks)
