"""Which patients a phantom data set has, which images they have, and what is found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monai_covid.lab.phantom.randomness import Stream, random_stream
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS

COVID_PATIENTS_FROM = 1_000_000
"""Numbers from here on are patients of the COVID phantom alone; NIH patients start at 1."""

HEALTHY_PER_BLOCK = 9

SHARED_EVERY = 2
"""Every second NIH patient may also be a patient of the COVID phantom."""

TEST_EVERY = 5

TEST_FROM = 2
"""Every fifth NIH patient, from the second on, belongs to the test list."""


@dataclass(frozen=True)
class NihRow:
    """One image of the NIH phantom; a healthy one has no findings."""

    index: int
    patient: int
    follow_up: int
    findings: tuple[str, ...]

    @property
    def image(self) -> str:
        """Return the file name in the official form."""
        return f"{self.patient:08d}_{self.follow_up:03d}.png"

    @property
    def is_test(self) -> bool:
        """Return whether the patient belongs to the test list."""
        return self.patient % TEST_EVERY == TEST_FROM


@dataclass(frozen=True)
class CovidRow:
    """One image of the COVID phantom; ``shared`` is its row in the NIH phantom, if it has one."""

    label: str
    index: int
    patient: int
    shared: NihRow | None

    @property
    def image(self) -> str:
        """Return the file name; a shared image keeps the name that it has in the NIH phantom."""
        return self.shared.image if self.shared else f"{self.label}_{self.index:06d}.png"

    @property
    def patient_id(self) -> str:
        """Return the patient as it is written in the manifest."""
        if self.shared:
            return f"nih-{self.patient:05d}"
        return f"phantom-{self.patient - COVID_PATIENTS_FROM:05d}"


def plan_nih(seed: int, images: int) -> list[NihRow]:
    """Return the rows of an NIH phantom, patient by patient; the first rows never change.

    The first patient has one image, so that two images are enough for both lists.

    Args:
        seed: Seed of the data set.
        images: Number of images, at least 0.
    """
    rows: list[NihRow] = []
    patient = 0
    while len(rows) < images:
        patient += 1
        random = random_stream(seed, Stream.SCHEDULE, 0, patient)
        follow_ups = 1 if patient == 1 else min(int(random.geometric(0.45)), 8)
        count = min(follow_ups, images - len(rows))
        for follow_up in range(count):
            findings = _findings(seed, len(rows))
            rows.append(NihRow(len(rows), patient, follow_up, findings))
    return rows


def _findings(seed: int, index: int) -> tuple[str, ...]:
    """Return the findings of one image: each occurs within every block, some with others."""
    deck: list[str | None] = [*NIH_FINDINGS, "Pneumonia", *[None] * HEALTHY_PER_BLOCK]
    block, place = divmod(index, len(deck))
    order = random_stream(seed, Stream.SCHEDULE, 1, block).permutation(len(deck))
    first = deck[int(order[place])]
    if first is None:
        return ()
    random = random_stream(seed, Stream.SCHEDULE, 2, index)
    more = int(random.choice(3, p=[0.7, 0.22, 0.08]))
    others = random.permutation([name for name in NIH_FINDINGS if name != first])[:more]
    return tuple(name for name in NIH_FINDINGS if name in {first, *others.tolist()})


def plan_covid(
    seed: int, images_per_class: Mapping[str, int], nih: list[NihRow], shared_fraction: float
) -> list[CovidRow]:
    """Return the rows of a COVID phantom, class by class.

    Args:
        seed: Seed of the data set.
        images_per_class: Number of images of each class.
        nih: Rows of the NIH phantom that patients may be shared with; may be empty.
        shared_fraction: Part of the images of ``pneumonia`` and ``normal`` to take from there.
    """
    rows: list[CovidRow] = []
    for label in COVID_LABELS:
        count = images_per_class.get(label, 0)
        shared = _shared(nih, label)[: round(shared_fraction * count)]
        rows += shared
        rows += _own(seed, label, count - len(shared))
    return rows


def _shared(nih: list[NihRow], label: str) -> list[CovidRow]:
    findings = {"pneumonia": ("Pneumonia",), "normal": ()}.get(label)
    return [
        CovidRow(label, row.index, row.patient, row)
        for row in nih
        if row.findings == findings and row.patient % SHARED_EVERY == 0
    ]


def _own(seed: int, label: str, count: int) -> list[CovidRow]:
    """Return images of patients of this class alone; the first rows never change."""
    place = COVID_LABELS.index(label)
    rows: list[CovidRow] = []
    order = 0
    while len(rows) < count:
        patient = COVID_PATIENTS_FROM + len(COVID_LABELS) * order + place
        random = random_stream(seed, Stream.SCHEDULE, 3, patient)
        images = min(int(random.choice([1, 2, 3], p=[0.65, 0.25, 0.1])), count - len(rows))
        for _ in range(images):
            index = len(COVID_LABELS) * len(rows) + place
            rows.append(CovidRow(label, index, patient, None))
        order += 1
    return rows


def assign_folds(rows: list[CovidRow], folds: int = 5) -> dict[int, int]:
    """Return the fold of each patient, so that each class is spread evenly over the folds.

    Args:
        rows: Images; a patient may have several, also of several classes.
        folds: Number of folds.
    """
    fold_of: dict[int, int] = {}
    for label in COVID_LABELS:
        images: dict[int, int] = {}
        for row in rows:
            if row.label == label:
                images[row.patient] = images.get(row.patient, 0) + 1
        load = [0] * folds
        for patient in sorted(images, key=lambda number: number not in fold_of):
            fold = fold_of.setdefault(patient, load.index(min(load)))
            load[fold] += images[patient]
    return fold_of
