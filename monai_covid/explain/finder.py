"""Finds the layers of a network by name, and says which one is at fault."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from monai_covid.errors import OptionError

Layer = TypeVar("Layer", bound=nn.Module)

_IDENTITIES = (nn.Dropout2d, nn.Dropout, nn.Identity, nn.Flatten)
"""Layers that change no value in evaluation."""


class CanonizeError(TypeError, OptionError):
    """A network has a layer that relevance cannot be propagated through; the message names it."""


class Finder:
    """The layers of a network, and which of them were asked for.

    Args:
        network: Any network.
    """

    def __init__(self, network: nn.Module) -> None:
        """List the layers."""
        self.modules = dict(network.named_modules())
        self.name = type(network).__name__
        self.precision = next((each.dtype for each in network.parameters()), torch.float32)
        self.found: set[str] = set()

    def error(self, name: str, problem: str) -> CanonizeError:
        """Return an error that names the network and its layer ``name``."""
        return CanonizeError(f"{self.name}: {name} {problem}")

    def __call__(self, name: str, kind: type[Layer]) -> Layer:
        """Return a layer.

        Args:
            name: As in ``named_modules``.
            kind: What it must be; a subclass might compute something else.

        Raises:
            CanonizeError: If it is missing or of another kind.
        """
        found = self.modules.get(name)
        if type(found) is not kind:
            what = "missing" if found is None else f"a {type(found).__name__}"
            raise self.error(
                name,
                f"is {what}; relevance can be propagated through MONAI's two-dimensional "
                f"DenseNet, where it is a {kind.__name__}",
            )
        self.found.add(name)
        return found

    def numbered(self, prefix: str) -> list[str]:
        """Return the names ``prefix1``, ``prefix2``, ... as far as there are layers.

        Raises:
            CanonizeError: If there is none.
        """
        names: list[str] = []
        while f"{prefix}{len(names) + 1}" in self.modules:
            names.append(f"{prefix}{len(names) + 1}")
        if not names:
            raise self.error(f"{prefix}1", "is missing; this is no MONAI DenseNet")
        return names

    def check_nothing_left(self) -> None:
        """Make sure that every layer which changes values was asked for.

        Raises:
            CanonizeError: If one was not.
        """
        for name, module in self.modules.items():
            is_leaf = not list(module.children())
            if is_leaf and name not in self.found and not isinstance(module, _IDENTITIES):
                raise self.error(name, f"is a {type(module).__name__} and no part of a DenseNet")
