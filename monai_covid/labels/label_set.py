"""Label sets: the classes of a network or a collection, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

HEALTHY = ("normal", "no finding", "no_finding", "healthy", "negative")
"""Names that mean "no finding" where a label set does not say which label does."""


class CodedConcept(NamedTuple):
    """A code from a terminology.

    Attributes:
        value: Code value, at most 16 characters.
        scheme: Coding scheme designator: ``SCT`` is SNOMED CT, ``RADLEX`` is RadLex.
        meaning: Code meaning, at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Label:
    """One class.

    Attributes:
        name: As manifests, tables and options write it.
        display: As people read it.
        code: Its concept in DICOM results; None: a private code.
        no_finding: Whether it means that nothing was found.
        kept_from: Label of the earlier stage whose output neuron this class keeps, where the
            earlier network has it.
        starts_from: Labels of the earlier stage from whose mean its neuron starts with
            ``--head mean``.
    """

    name: str
    display: str
    code: CodedConcept | None = None
    no_finding: bool = False
    kept_from: str | None = None
    starts_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelSet:
    """Classes in the order of a network's outputs.

    Attributes:
        labels: The classes.
        exclusive: Whether an image has exactly one of them (softmax) or any number (sigmoid).
    """

    labels: tuple[Label, ...]
    exclusive: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in order."""
        return tuple(label.name for label in self.labels)

    def __getitem__(self, name: str) -> Label:
        """Return the label called ``name``."""
        return self.labels[self.names.index(name)]

    def kept_from(self, source: LabelSet) -> dict[str, str]:
        """Return which output neurons of a network of ``source`` are kept: source -> own label.

        A label keeps the neuron that its ``kept_from`` names, else the one of the same name
        (ignoring case), else, if it means "no finding", the one that does in ``source``.
        """
        kept: dict[str, str] = {}
        for label in self.labels:
            origin = _origin(label, source)
            if origin is not None and origin not in kept:
                kept[origin] = label.name
        return kept

    def starts_from(self, source: LabelSet) -> dict[str, list[str]]:
        """Return for each label that keeps no neuron from which labels of ``source`` it starts."""
        kept = self.kept_from(source).values()
        return {
            label.name: [name for name in label.starts_from if name in source.names]
            for label in self.labels
            if label.name not in kept and set(label.starts_from) & set(source.names)
        }

    def fields(self) -> dict[str, Any]:
        """Return the set as plain values, of which JSON or YAML can be made."""
        return {"exclusive": self.exclusive, "labels": [_fields(label) for label in self.labels]}


def plain(names: Sequence[str], *, exclusive: bool = True) -> LabelSet:
    """Return a label set of names alone."""
    labels = (
        Label(name, name.replace("_", " "), no_finding=name.casefold() in HEALTHY) for name in names
    )
    return LabelSet(tuple(labels), exclusive)


def label_of(fields: Mapping[str, Any]) -> Label:
    """Return the label that a checked entry of a label set describes."""
    code = fields.get("code")
    name = str(fields["name"])
    return Label(
        name,
        str(fields.get("display") or name.replace("_", " ")),
        None if code is None else CodedConcept(code["value"], code["scheme"], code["meaning"]),
        bool(fields.get("no_finding", False)),
        fields.get("kept_from"),
        tuple(fields.get("starts_from") or ()),
    )


def _fields(label: Label) -> dict[str, Any]:
    described: dict[str, Any] = {"name": label.name, "display": label.display}
    if label.code is not None:
        described["code"] = label.code._asdict()
    if label.no_finding:
        described["no_finding"] = True
    if label.kept_from is not None:
        described["kept_from"] = label.kept_from
    if label.starts_from:
        described["starts_from"] = list(label.starts_from)
    return described


def _origin(label: Label, source: LabelSet) -> str | None:
    if label.kept_from in source.names:
        return label.kept_from
    alike = (each for each in source.names if each.casefold() == label.name.casefold())
    healthy = (each.name for each in source.labels if label.no_finding and each.no_finding)
    return next(alike, None) or next(healthy, None)
