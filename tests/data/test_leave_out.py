"""Leaving out sources and images: of training and validation, never of the test section."""

import logging

import pandas as pd
import pytest

from monai_covid.audits.leaks.image_set import ImageSet
from monai_covid.audits.leaks.pairs import Collection, Kind, Pair
from monai_covid.audits.leaks.tables import write_pairs
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.datalists import STAGE3_SECTIONS, stage3_datalist
from monai_covid.errors import InputError, OptionError
from tests.data.collections_on_disk import write_manifest

HEADER = "image,label,patient_id,source,fold"
LABELS = ("covid19", "pneumonia", "normal")


def lines(prefix, sources, folds=True):
    """Return three classes of ten patients; each class has images of every source."""
    return [
        f"{prefix}_{label}_{number}.png,{label},{prefix}-{label}-{number},"
        f"{sources[number % len(sources)]},{number % 5 if folds else ''}"
        for label in LABELS
        for number in range(10)
    ]


@pytest.fixture(scope="module")
def main(tmp_path_factory):
    return write_manifest(tmp_path_factory.mktemp("main"), lines("m", ("B", "A", "C")), HEADER)


@pytest.fixture(scope="module")
def extra(tmp_path_factory):
    rows = lines("x", ("B", "D"), folds=False)
    return write_manifest(tmp_path_factory.mktemp("extra"), rows, HEADER)


def sections(main, **options):
    options = {"validation_fraction": 0.4, **options}
    return {name: stage3_datalist(main, name, **options) for name in STAGE3_SECTIONS}


def names(items):
    return [item["name"] for item in items]


def without(items, dropped):
    return [name for name in names(items) if name not in dropped]


def table(folder, frame):
    file = folder / "table.csv"
    frame.to_csv(file, index=False)
    return file


def pairs(folder, *found):
    """Write pairs of image names as the audit's table has them."""
    rows = [
        {"image_a": a, "patient_id_a": patient(a), "image_b": b, "patient_id_b": patient(b)}
        for a, b in found
    ]
    return table(folder, pd.DataFrame(rows))


def patient(name):
    return name.removesuffix(".png").replace("_", "-")


def of_section(parts, name, position=0):
    return names(parts[name])[position]


def test_sources_leave_training_and_validation_and_nothing_else_changes(main, extra):
    before = sections(main, extra_manifests=extra)
    after = sections(main, extra_manifests=extra, leave_out_sources=["B"])
    assert names(after["test"]) == names(before["test"])
    assert "B" in {item["source"] for item in after["test"]}
    for name in ("training", "validation"):
        kept = [item["name"] for item in before[name] if item["source"] != "B"]
        assert names(after[name]) == kept
        assert len(kept) < len(before[name])
    assert {item["source"] for item in after["training"]} == {"A", "C", "D"}
    expected = {*names(after["training"]), *names(after["validation"]), *names(after["test"])}
    assert set(names(after["all"])) == expected


def test_a_source_of_the_extra_manifest_alone(main, extra):
    after = sections(main, extra_manifests=extra, leave_out_sources=["D"])
    assert names(after["validation"]) == names(sections(main)["validation"])
    assert {item["source"] for item in after["training"]} == {"A", "B", "C"}


@pytest.mark.parametrize("section", ["training", "validation", "test"])
def test_unknown_sources_are_named_with_those_that_exist(main, extra, section):
    options = {"extra_manifests": extra, "leave_out_sources": ["A", "Bb", "zebra"]}
    message = r"no image has the source 'Bb'.*'zebra' \(sources in .*: 'A', 'B', 'C', 'D'"
    with pytest.raises(OptionError, match=message):
        stage3_datalist(main, section, **options)
    with pytest.raises(OptionError, match=r"give a list: \['A'\]"):
        stage3_datalist(main, section, leave_out_sources="A")


def test_a_manifest_without_sources(tmp_path):
    rows = [",".join(line.split(",")[:3]) for line in lines("m", ("A",))]
    file = write_manifest(tmp_path, rows)
    with pytest.raises(OptionError, match="has no column 'source'"):
        stage3_datalist(file, "training", leave_out_sources=["A"])


def test_a_class_that_is_left_without_images(tmp_path):
    rows = [line.replace(",A,", ",S,") if "covid19" in line else line for line in lines("m", "A")]
    file = write_manifest(tmp_path, rows, HEADER)
    with pytest.raises(InputError, match="the training section has no image of 'covid19'"):
        stage3_datalist(file, "training", leave_out_sources=["S"])


def test_a_list_of_images(main, extra, tmp_path):
    before = sections(main, extra_manifests=extra)
    dropped = [of_section(before, name) for name in ("training", "validation", "test")]
    dropped.append("x_covid19_3.png")
    file = table(tmp_path, pd.DataFrame({"image": dropped, "why": "blurred"}))
    after = sections(main, extra_manifests=extra, leave_out_images=file)
    assert names(after["test"]) == names(before["test"])
    for name in ("training", "validation"):
        assert names(after[name]) == without(before[name], dropped)
    assert len(before["training"]) - len(after["training"]) == 2


def test_a_list_with_patients_means_images_of_these_alone(main, extra, tmp_path):
    before = sections(main, extra_manifests=extra)
    name = of_section(before, "training")
    frame = pd.DataFrame({"image": [name, "x_normal_1.png"], "patient_id": ["other", "x-normal-1"]})
    after = sections(main, extra_manifests=extra, leave_out_images=[table(tmp_path, frame)])
    assert names(after["training"]) == without(before["training"], ["x_normal_1.png"])


def test_of_each_pair_of_copies_one_goes(main, extra, tmp_path):
    before = sections(main, extra_manifests=extra)
    train, valid, tested = (names(before[name])[:6] for name in ("training", "validation", "test"))
    other = [f"x_normal_{number}.png" for number in range(5)]
    file = pairs(
        tmp_path,
        *[(train[0], train[1]), (train[2], valid[0]), (valid[1], train[3])],
        *[(tested[0], train[4]), (valid[2], tested[1]), (tested[2], tested[3])],
        *[(train[5], other[0]), (other[1], train[5]), (other[2], other[3])],
        (other[4], tested[4]),
    )
    dropped = [train[1], valid[0], train[3], train[4], valid[2], *(other[i] for i in (0, 1, 3, 4))]
    after = sections(main, extra_manifests=extra, leave_out_images=file)
    assert names(after["test"]) == names(before["test"])
    for name in ("training", "validation"):
        assert names(after[name]) == without(before[name], dropped)


def test_a_copy_of_an_image_elsewhere_goes(main, tmp_path, caplog):
    """A collection that is not trained on may be what the network is tested on."""
    before = sections(main)
    train, tested = of_section(before, "training"), of_section(before, "test")
    file = pairs(tmp_path, (train, "elsewhere_1.png"), (tested, "elsewhere_2.png"), ("p", "q"))
    with caplog.at_level(logging.INFO):
        after = sections(main, leave_out_images=file)
    assert names(after["training"]) == without(before["training"], [train])
    assert names(after["test"]) == names(before["test"])
    assert "1 of 3 rows name no image of this run's manifests" in caplog.text
    assert "Left out of training and validation: 1 images" in caplog.text


def test_the_same_name_in_another_collection_is_another_image(main, tmp_path):
    before = sections(main)
    first, second = names(before["training"])[:2]
    row = {"image_a": first, "patient_id_a": patient(first)}
    row |= {"image_b": second, "patient_id_b": "somebody else"}
    after = sections(main, leave_out_images=table(tmp_path, pd.DataFrame([row])))
    assert names(after["training"]) == without(before["training"], [first])


def test_the_table_of_the_audit_is_understood(main, extra, tmp_path):
    nothing = ImageSet(*([] for _ in ImageSet._fields))
    own = Collection("this collection", read_collection(main), nothing)
    other = Collection("extra", read_collection(extra), nothing)
    alike = (Kind.NEAR, 0.97, "upright", 4, True, False, True)
    found = [Pair(3, 5, other, *alike), Pair(0, 1, own, *alike)]
    write_pairs(own, found, tmp_path / "pairs.csv")
    options = {"extra_manifests": extra, "leave_out_images": tmp_path / "pairs.csv", "fold": 4}
    before, after = sections(main, extra_manifests=extra, fold=4), sections(main, **options)
    gone = set(names(before["all"])) - set(names(after["all"]))
    assert gone == {other.records.frame["image"].iloc[5], own.records.frame["image"].iloc[1]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "name\na.png\n",
            r"table\.csv:1: names no images: it needs the column 'image'.*found name",
        ),
        ("image\nnone.png\n", "names no image of the manifest or of extra_manifests"),
        ("", r"table\.csv: is empty"),
    ],
)
def test_unusable_tables(main, tmp_path, content, words):
    file = tmp_path / "table.csv"
    file.write_text(content)
    with pytest.raises(InputError, match=words):
        stage3_datalist(main, "training", leave_out_images=file)


def test_a_missing_table(main, tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: does not exist"):
        stage3_datalist(main, "training", leave_out_images=tmp_path / "absent.csv")


@pytest.mark.real_data
def test_sources_of_the_real_collection(real_data):
    covid = real_data / "covid"
    message = "'NIH ChestX-ray14', 'ieee8023/covid-chestxray-dataset'"
    with pytest.raises(OptionError, match=message):
        stage3_datalist(covid, "training", leave_out_sources=["NIH"])
    with pytest.raises(InputError, match="has no image of 'covid19'"):
        stage3_datalist(covid, "training", leave_out_sources=["ieee8023/covid-chestxray-dataset"])
