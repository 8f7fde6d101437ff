"""Images whose labels are all known, which an evaluation takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from monai_covid.data.records import Datalist
from monai_covid.errors import OptionError
from monai_covid.inference.validation import labelled_datalist

P = ParamSpec("P")


def _all_known(function: Callable[P, Datalist]) -> Callable[P, Datalist]:
    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Datalist:
        items = function(*args, **kwargs)
        labels = [item["label"] for item in items if isinstance(item["label"], list)]
        unknown = sum(any(map(math.isnan, each)) for each in labels)
        if unknown:
            raise OptionError(
                f"{unknown} of {len(items)} images have labels that are uncertain or blank and "
                "ignored; an evaluation needs all of them: give --uncertain zeros (or ones), and "
                "--blank zeros"
            )
        return items

    return checked


evaluated_datalist = _all_known(labelled_datalist)
"""``labelled_datalist``, refused before any image is read where a label is not known."""
