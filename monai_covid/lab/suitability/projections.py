"""Synthetic radiographs of other body parts and of the chest from the side, and cross sections.

Path lengths and the Beer-Lambert law. Coarse: they have the grey values of radiographs but not
their anatomy. No real ones were at hand.
"""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray, ellipse_chord, smoothstep, unit_range
from monai_covid.lab.phantom.randomness import around, between
from monai_covid.lab.suitability.textures import coordinates, power_noise, stretched


def radiograph(random: np.random.Generator, tissue: FloatArray, bone: FloatArray) -> FloatArray:
    """Return the displayed radiograph of path lengths in units of the body's thickness.

    Args:
        random: Chooses energy, scatter, texture and display.
        tissue: (S, S) path through soft tissue, 0 to about 1; negative is air within.
        bone: (S, S) path through bone, 0 to about 1.
    """
    texture = 1 + 0.1 * (power_noise(random, len(tissue)) - 0.5)
    depth = between(random, 1.0, 4.0) * np.maximum(tissue, 0) * texture
    depth = depth + between(random, 0.5, 2.0) * np.maximum(bone, 0)
    signal = np.exp(-depth) + between(random, 0.0, 0.1)
    level = stretched(-np.log(signal + 0.01 * abs(random.standard_normal(signal.shape)) * signal))
    return unit_range(level ** between(random, 0.6, 1.8))


def limb(random: np.random.Generator, side: int) -> FloatArray:
    """Return one or two long bones with a joint, at any angle."""
    x, y = _turned(random, side)
    width = between(random, 0.25, 0.7)
    tissue = ellipse_chord(np.square(x / (width * (1 + 0.2 * np.sin(3 * y + random.random())))))
    joint = between(random, -0.5, 0.5)
    swelling = 1 + 0.9 * np.exp(-np.square((y - joint) / 0.18))
    gap = 1 - np.exp(-np.square((y - joint) / 0.025))
    bone = np.zeros_like(x)
    count = int(random.integers(1, 3))
    for number in range(count):
        centre = (number - (count - 1) / 2) * 0.7 * width
        bone = bone + _shaft(x - centre, swelling * width * 0.45 / count) * gap
    return radiograph(random, tissue, bone)


def hand(random: np.random.Generator, side: int) -> FloatArray:
    """Return fingers or toes that spread from a palm."""
    x, y = _turned(random, side)
    tissue = ellipse_chord(np.square(x / 0.55) + np.square((y - 0.35) / 0.5))
    bone = 0.6 * ellipse_chord(np.square(x / 0.3) + np.square((y - 0.6) / 0.2))
    for spread in np.linspace(-0.55, 0.55, int(random.integers(4, 6))):
        u = np.cos(spread) * x - np.sin(spread) * (0.9 - y)
        v = np.sin(spread) * x + np.cos(spread) * (0.9 - y)
        finger = (v > 0) & (v < between(random, 1.4, 1.8))
        joints = 1 + 0.4 * np.cos(v * 14)
        tissue = np.maximum(tissue, 0.8 * ellipse_chord(np.square(u / 0.12)) * finger)
        bone = bone + _shaft(u, 0.055 * joints) * finger * (np.cos(v * 14) < 0.95)
    return radiograph(random, 0.7 * tissue, bone)


def skull(random: np.random.Generator, side: int) -> FloatArray:
    """Return a vault with orbits and jaw, from the front or the side."""
    x, y = _turned(random, side, 0.3)
    norm = np.square(x / between(random, 0.55, 0.75)) + np.square((y + 0.15) / 0.7)
    tissue = ellipse_chord(norm)
    bone = ellipse_chord(norm) - 0.85 * ellipse_chord(norm * 1.12)
    offset = 0.25 if random.random() < 0.5 else between(random, 0.0, 0.1)
    for centre in (-offset, offset + 0.1 * random.random()):
        bone = bone - 0.3 * ellipse_chord(np.square((x - centre) / 0.16) + np.square(y / 0.13))
    jaw = np.square(x / 0.4) + np.square((y - 0.45) / 0.3)
    bone = bone + 0.6 * ellipse_chord(jaw) - 0.4 * ellipse_chord(2 * jaw)
    neck = 0.6 * ellipse_chord(np.square(x / 0.4)) * (y > 0.4)
    return radiograph(random, np.maximum(tissue, neck), bone + 0.5 * _shaft(x, 0.15) * (y > 0.5))


def pelvis(random: np.random.Generator, side: int) -> FloatArray:
    """Return abdomen or pelvis: spine, iliac wings, femora, bowel gas."""
    x, y = _turned(random, side, 0.2)
    shift = between(random, -0.5, 0.9)
    tissue = ellipse_chord(np.square(np.square(x / between(random, 0.85, 1.3))))
    level = y - shift
    bone = 0.8 * _shaft(x, 0.14) * (level < 0.1) * (1 + 0.3 * np.cos(level * 30))
    for side_of in (-1, 1):
        wing = np.square((x - side_of * 0.45) / 0.3) + np.square((level - 0.1) / 0.35)
        bone = bone + 0.5 * ellipse_chord(wing)
        head = np.square((x - side_of * 0.55) / 0.12) + np.square((level - 0.5) / 0.12)
        femur = _shaft(x - side_of * (0.5 + 0.2 * level), 0.09) * (level > 0.5)
        bone = bone + 0.7 * ellipse_chord(head) + 0.8 * femur
    for _ in range(int(random.integers(0, 14))):
        centre, radius = random.uniform(-0.6, 0.6, 2), random.uniform(0.04, 0.16, 2)
        gas = np.square((x - centre[0]) / radius[0]) + np.square((y - centre[1]) / radius[1])
        tissue = tissue - 0.25 * ellipse_chord(gas)
    return radiograph(random, tissue, bone)


def anything(random: np.random.Generator, side: int) -> FloatArray:
    """Return an arbitrary heap of tissue, bones and air."""
    tissue, bone = np.zeros((side, side)), np.zeros((side, side))
    for _ in range(int(random.integers(1, 6))):
        x, y = _turned(random, side)
        norm = np.square(x / between(random, 0.2, 1.2)) + np.square(y / between(random, 0.2, 1.2))
        tissue = tissue + between(random, -0.3, 0.8) * ellipse_chord(norm)
    for _ in range(int(random.integers(0, 10))):
        x, y = _turned(random, side)
        length = abs(y) < between(random, 0.1, 1.5)
        bone = bone + random.random() * _shaft(x, between(random, 0.03, 0.2)) * length
    return radiograph(random, tissue, bone)


def _turned(
    random: np.random.Generator, side: int, most: float = np.pi
) -> tuple[FloatArray, FloatArray]:
    x, y = coordinates(side)
    angle, scale = between(random, -most, most), between(random, 0.75, 1.3)
    x, y = x - between(random, -0.2, 0.2), y - between(random, -0.2, 0.2)
    return (
        (np.cos(angle) * x + np.sin(angle) * y) * scale,
        (np.cos(angle) * y - np.sin(angle) * x) * scale,
    )


def _shaft(distance: FloatArray, radius: FloatArray | float) -> FloatArray:
    outer, inner = ellipse_chord((distance / radius) ** 2), (distance / (0.65 * radius)) ** 2
    result: FloatArray = outer - 0.35 * ellipse_chord(inner)
    return result


def chest_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return an axial slice: body on black, two lungs, heart, spine, table."""
    x, y = _placed(random, side)
    width, height = between(random, 0.75, 1.0), between(random, 0.5, 0.75)
    picture = _inside(x, y, (0, 0), (width, height)) * between(random, 0.5, 0.7)
    picture = picture + 0.15 * _inside(x, y, (0, 0), (0.93 * width, 0.9 * height))
    lung = between(random, 0.0, 0.25)
    for side_of in (-1, 1):
        size = (0.36 * width * between(random, 0.8, 1.1), 0.72 * height)
        picture = np.where(_inside(x, y, (side_of * 0.47 * width, 0), size) > 0, lung, picture)
    heart = _inside(x, y, (0.1, -0.15 * height), (0.3 * width, 0.38 * height))
    picture = np.where(heart > 0, 0.75, picture)
    picture = np.where(_inside(x, y, (0, 0.65 * height), (0.12, 0.13)) > 0, 1.0, picture)
    picture = picture + 0.4 * (abs(y - 1.15 * height) < 0.02)
    return _finished(random, picture)


def abdomen_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return an axial slice with organs of several grey values."""
    x, y = _placed(random, side)
    width, height = between(random, 0.6, 1.0), between(random, 0.5, 0.9)
    body = _inside(x, y, (0, 0), (width, height))
    picture = 0.35 * body
    for _ in range(int(random.integers(3, 14))):
        centre, size = random.uniform(-0.6, 0.6, 2), random.uniform(0.05, 0.4, 2)
        organ = _inside(x, y, tuple(centre), tuple(size)) * body
        picture = np.where(organ > 0, random.random(), picture)
    picture = np.where(_inside(x, y, (0, 0.6 * height), (0.14, 0.13)) > 0, 1.0, picture)
    return _finished(random, picture)


def head_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return a head with skull, folded brain and ventricles."""
    x, y = _placed(random, side)
    norm = np.hypot(x / between(random, 0.5, 0.75), y / between(random, 0.65, 0.9))
    folds = (power_noise(random, side) > 0.5) * 0.3
    picture = np.where(norm < 1, random.random(), 0.0)
    picture = np.where(norm < 0.92, random.random(), picture)
    picture = np.where(norm < 0.86, 0.4 + folds, picture)
    for side_of in (-1, 1):
        ventricle = _inside(x, y, (side_of * 0.1, 0), (0.06, 0.25))
        picture = np.where(ventricle > 0, random.random(), picture)
    return _finished(random, picture)


def ultrasound(random: np.random.Generator, side: int) -> FloatArray:
    """Return a fan of speckle on black."""
    x, y = coordinates(side)
    angle, depth = np.arctan2(x, y + 1.2), np.hypot(x, y + 1.2)
    fan = (abs(angle) < between(random, 0.4, 0.9)) & (depth > 0.3) & (depth < 2.1)
    speckle = power_noise(random, side) * random.rayleigh(0.6, (side, side))
    return unit_range(fan * speckle * (1.3 - 0.4 * depth))


def _placed(random: np.random.Generator, side: int) -> tuple[FloatArray, FloatArray]:
    x, y = coordinates(side)
    scale = between(random, 0.85, 1.5)
    wobble = 0.04 * np.sin(3 * np.arctan2(y, x) + between(random, 0, 6))
    return (x - between(random, -0.1, 0.1)) * scale + wobble, (y + wobble) * scale


def _inside(
    x: FloatArray, y: FloatArray, centre: tuple[float, ...], size: tuple[float, ...]
) -> FloatArray:
    norm = np.square((x - centre[0]) / size[0]) + np.square((y - centre[1]) / size[1])
    return (norm < 1).astype(np.float64)


def _finished(random: np.random.Generator, picture: FloatArray) -> FloatArray:
    texture = between(random, 0.02, 0.3) * (power_noise(random, len(picture)) - 0.5)
    texture = texture * (picture > 0.02)
    noise = between(random, 0.0, 0.06) * random.standard_normal(picture.shape)
    return unit_range(picture + texture + noise)


def lateral_chest(random: np.random.Generator, side: int) -> FloatArray:
    """Return an upright lateral chest (side, side) in [0, 1]; the sternum is left or right.

    The two lungs lie over each other and make one dark field between sternum and spine, with the
    heart low in front, two domes of the diaphragm and the arms lifted out of the field.
    """
    x, y = coordinates(side)
    if random.random() < 0.5:
        x = -x
    lean, scale = around(random, 0.0, 0.06), between(random, 0.85, 1.15)
    x, y = scale * (x + lean * y) - between(random, -0.1, 0.1), scale * y
    front, depth = between(random, 0.45, 0.58), between(random, 0.95, 1.15)
    back = front - depth
    bulge = 0.14 * (1 - np.square(y - 0.2))
    lung = _band(x, back - 0.3 * bulge, front + bulge - 0.12) * _floor(random, x, y)
    lung = lung * smoothstep(-0.95, -0.55, y)
    body = _band(x, back - 0.32, front + 0.2 + 0.4 * bulge)
    heart = np.square((x - front + 0.28) / 0.3) + np.square((y - 0.25) / 0.36)
    arch = np.square((x - 0.05) / 0.22) + np.square((y + 0.45) / 0.25)
    tissue = body - 0.75 * lung + 0.45 * ellipse_chord(heart) * lung
    tissue = tissue + 0.2 * ellipse_chord(arch) - 0.15 * ellipse_chord(np.square((x - 0.08) / 0.05))
    return radiograph(random, 0.35 * np.maximum(tissue, 0), _bones(x, y, front + bulge, back))


def _bones(x: FloatArray, y: FloatArray, front: FloatArray, back: float) -> FloatArray:
    spine_axis = back + 0.02 + 0.1 * np.square(y)
    discs = 1 - 0.45 * np.exp(-np.square(((y * 5.5) % 1.0 - 0.5) / 0.12))
    spine = 0.45 * ellipse_chord(np.square((x - spine_axis) / 0.1)) * discs
    sternum = 0.35 * ellipse_chord(np.square((x - front + 0.06) / 0.035)) * (y > -0.6) * (y < 0.25)
    order = (y - 0.45 * (x - back)) * 4.2
    rib = np.exp(-np.square((order % 1.0 - 0.5) / 0.13)) * _band(x, back, 1.02 * front) ** 0.3
    humerus = ellipse_chord(np.square((x - 0.1 - 0.4 * (y + 1)) / 0.12)) * (y < -0.7)
    result: FloatArray = spine + sternum + 0.1 * rib + 0.25 * humerus
    return result


def _floor(random: np.random.Generator, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return 1 above both domes, one half between them, 0 below."""
    height = between(random, 0.35, 0.65)
    levels = [height + gap + 0.55 * np.square(x - 0.15) for gap in (0, between(random, 0, 0.12))]
    above = sum((smoothstep(0.02, -0.02, y - level) for level in levels), np.zeros_like(x))
    result: FloatArray = above / 2
    return result


def _band(x: FloatArray, start: FloatArray | float, end: FloatArray | float) -> FloatArray:
    middle, half = (start + end) / 2, (end - start) / 2
    return ellipse_chord(np.square(np.square((x - middle) / half)))
