"""Images of other hospitals and patients that no network of a study has seen.

Pneumonia and normal come from patients of ChestX-ray14 outside the collection, COVID-19 from a
further collection of COVID-19 images. Half of those patients of ChestX-ray14, always the same, are
kept for testing and left out of stage 2; the other half stays for training. This tests on other
patients; pneumonia and normal are from the same source as those of a collection that took them from
ChestX-ray14 too.
"""

from __future__ import annotations

from pathlib import Path

from monai_covid.data.manifest import read_manifest
from monai_covid.data.nih import read_nih
from monai_covid.data.nih_as_stage3 import with_stage3_labels
from monai_covid.data.patients import drop_patients, patients_in
from monai_covid.data.records import Datalist, Records
from monai_covid.data.splits import hold_out

KEPT, SEED = 0.5, 0


def external_nih(nih: Path, collection: Records) -> Records:
    """Return the images of ChestX-ray14 that are kept for testing, labelled as in stage 3.

    Args:
        nih: Folder in the ChestX-ray14 layout.
        collection: All images of stage 3; their patients are left out.

    Returns:
        Images whose labels include pneumonia or are No Finding alone, of half of their patients.
    """
    outside = drop_patients(read_nih(nih), patients_in(collection.frame)).records
    chosen = with_stage3_labels(outside)
    held = hold_out(chosen.patients, chosen.targets, KEPT, SEED)
    return chosen.select(held)


def external_items(nih: Path, collection: Records, covid_images: Path | None) -> Datalist:
    """Return the labelled images of the external set.

    Args:
        nih: Folder in the ChestX-ray14 layout.
        collection: All images of stage 3.
        covid_images: Manifest of COVID-19 images; None where the network was trained on them.
    """
    items = external_nih(nih, collection).single_label_datalist()
    if covid_images is not None:
        extra = drop_patients(read_manifest(covid_images), patients_in(collection.frame)).records
        items += extra.single_label_datalist()
    return items
