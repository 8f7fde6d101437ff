"""What a page says of images that all networks get right, or none."""

from __future__ import annotations

from monai_covid.evaluation.wording import counted
from monai_covid.studies.pages.markdown import escape, estimate, table
from monai_covid.studies.pages.records import Agreement
from monai_covid.studies.pages.tables import class_words

NONE = "No network is right"


def agreement_section(found: Agreement | None) -> str:
    """Return sentences and a table; empty where nothing is stored."""
    if found is None or not found.images:
        return ""
    shares = found.shares
    rows = [
        ("All networks are right", estimate(shares["all_right"])),
        (NONE, estimate(shares["none_right"])),
        ("and all give the same wrong class", estimate(shares["none_right_one_answer"])),
        *(
            (f"{NONE}, of {class_words(label)}", estimate(share))
            for label, share in found.none_right_of.items()
        ),
    ]
    names = ", ".join(map(escape, found.members))
    return "\n\n".join(
        [
            f"{counted(found.images, 'test image')}, answered by each of "
            f"{counted(len(found.members), 'network')}: {names}.",
            table(("Images", "Share"), rows),
            "Where none is right, the image is hard for all of them or its label is wrong: "
            "whichever is asked, the answer is wrong. 95 % intervals over patients in brackets.",
        ]
    )
