"""Independent streams of random numbers, so that one part of a case never moves another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is drawn for; the values are part of every image."""

    PATIENT = 0
    POSITION = 1
    MARKINGS = 2
    EXPOSURE = 3
    QUANTUM_NOISE = 4
    ANNOTATION = 5
    SHAPE = 6
    FINDING = 7
    SCHEDULE = 8


def random_stream(seed: int, stream: Stream, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose.

    Args:
        seed: Seed of the whole data set, at least 0.
        stream: Purpose.
        *keys: Numbers that tell the images, patients or findings apart, each at least 0.

    Returns:
        A generator that depends on nothing but the arguments.

    Raises:
        ValueError: If the seed or a key is negative.
    """
    if min((seed, *keys)) < 0:
        raise ValueError(
            f"seed and keys of a random stream must be at least 0, got {(seed, *keys)}"
        )
    sequence = np.random.SeedSequence(seed, spawn_key=(int(stream), *keys))
    return np.random.Generator(np.random.PCG64(sequence))


def between(random: np.random.Generator, low: float, high: float) -> float:
    """Return a number drawn uniformly from [low, high)."""
    return low + (high - low) * float(random.random())


def around(random: np.random.Generator, mean: float, deviation: float) -> float:
    """Return a normal number, cut at two and a half standard deviations."""
    return mean + deviation * float(np.clip(random.standard_normal(), -2.5, 2.5))
