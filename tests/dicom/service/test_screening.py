"""What will be refused for its header or frame is refused before it is acknowledged."""

import io
import json

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    Comprehensive3DSRStorage,
    DigitalXRayImageStorageForPresentation,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from monai_covid.dicom.reading.encapsulation import only_frame
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import in_syntax, instance, lookup_table, picture, saved, set_pixels
from tests.dicom.service.peers import association
from tests.dicom.service.running import running, settings
from tests.dicom.service.studies import FakeProcessor


def radiograph(**attributes: object) -> Dataset:
    """An image that is processed."""
    uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    values = {"ViewPosition": "PA", "BodyPartExamined": "CHEST"}
    return instance(picture(300, 280, 16), **uids, **{**values, **attributes})


def answers(tmp_path, *datasets, **others):
    """Statuses and comments, what the status page says, and the log."""
    log = io.StringIO()
    chosen = settings(tmp_path, quiet_time=60.0, **others)
    with running(chosen, FakeProcessor(), log) as service:
        with association(service.port, datasets) as made:
            files = [saved(one, tmp_path / f"{number}.dcm") for number, one in enumerate(datasets)]
            told = [made.send_c_store(dcmread(file)) for file in files]
        kept = list((tmp_path / "received").glob("*/*.dcm"))
        return told, service.status(), kept, log.getvalue()


def compressed(syntax, part):
    """An image of which a part of the frame is there."""
    one = in_syntax(radiograph(), syntax)
    frame = only_frame(one.PixelData)
    one.PixelData = encapsulate([frame[: round(len(frame) * part)]])
    one["PixelData"].VR, one["PixelData"].is_undefined_length = "OB", True
    return one


def short():
    one = radiograph()
    set_pixels(one, one.PixelData[:-1000])
    return one


def cut_off_table():
    table = lookup_table(list(range(256)), 0, 16)
    table[0].LUTData = table[0].LUTData[:100]
    return table


def without_pixels():
    one = radiograph()
    del one.PixelData
    return one


DEFECTS = [
    (short, 0xC000, "PixelData (7FE0,0010) has 167000 bytes; "),
    (without_pixels, 0xC000, "PixelData (7FE0,0010) is missing or empty"),
    (lambda: compressed(JPEGLSLossless, 0.5), 0xC000, "PixelData (7FE0,0010) (JPEG-LS"),
    (lambda: compressed(RLELossless, 0.4), 0xC000, "PixelData (7FE0,0010) (RLE"),
    (
        lambda: radiograph(VOILUTSequence=cut_off_table()),
        0xA900,
        "VOILUTSequence (0028,3010)",
    ),
    (lambda: radiograph(RescaleSlope=0, RescaleIntercept=0), 0xA900, "RescaleSlope (0028,1053)"),
    (lambda: radiograph(HighBit=7), 0xA900, "HighBit (0028,0102) is 7"),
    (lambda: radiograph(PhotometricInterpretation="PALETTE COLOR"), 0xA900, "Photometric"),
    (lambda: radiograph(PresentationLUTShape="INVERSE"), 0xA900, "PresentationLUTShape"),
]


@pytest.mark.parametrize(("make", "status", "comment"), DEFECTS)
def test_what_cannot_be_read_is_refused(tmp_path, make, status, comment):
    one = make()
    with pytest.raises(ImageReadError):
        read_radiograph(one)
    (answer,), shown, kept, log = answers(tmp_path, one)
    assert answer.Status == status
    assert answer.ErrorComment.startswith(comment)
    assert len(answer.ErrorComment) <= 64
    assert shown["last_errors"][0]["reason"].startswith(comment)
    assert shown["totals"]["instances_refused"] == 1
    assert not kept
    assert not list((tmp_path / "receiving").iterdir())
    assert "SECRET" not in json.dumps(shown) + log


OTHER_KINDS = [
    ({"ViewPosition": "LL"}, "ViewPosition"),
    ({"BodyPartExamined": "ABDOMEN"}, "BodyPartExamined"),
    ({"SOPClassUID": Comprehensive3DSRStorage}, "SOPClassUID"),
    ({"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "CT"}, "Modality"),
    ({"PresentationIntentType": "FOR PROCESSING"}, "PresentationIntentType"),
    # One reason is enough: nobody needs its look-up table.
    ({"ViewPosition": "LL", "VOILUTSequence": lookup_table([0], 0, 16)}, "ViewPosition"),
]


@pytest.mark.parametrize(("attributes", "attribute"), OTHER_KINDS)
def test_another_kind_of_image_is_taken_and_counted_at_once(tmp_path, attributes, attribute):
    one = radiograph(**attributes)
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    (answer,), shown, kept, log = answers(tmp_path, one)
    assert answer.Status == 0x0000
    assert shown["not_processed"] == {attribute: 1}
    assert shown["totals"]["instances_not_processed"] == 1
    assert len(kept) == 1
    assert "SECRET" not in json.dumps(shown) + log


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DR"},
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
    ],
)
def test_what_is_processed_is_acknowledged_without_a_word(tmp_path, attributes):
    one = radiograph(**attributes)
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    (answer,), shown, (kept,), _ = answers(tmp_path, one)
    assert answer.Status == 0x0000
    assert "ErrorComment" not in answer
    assert shown["not_processed"] == {}
    assert dcmread(kept).PixelData == one.PixelData


def test_a_polarity_that_is_stated_twice_can_be_trusted(tmp_path):
    one = radiograph(PresentationLUTShape="INVERSE")
    (answer,), shown, kept, _ = answers(tmp_path, one, trust_photometric=True)
    assert answer.Status == 0x0000
    assert shown["not_processed"] == {}
    assert len(kept) == 1
