"""Collections put together: classes, sources, and no patient twice."""

import pytest

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.merging import SMALL, Origin, merge
from monai_covid.errors import InputError
from tests.data.collections_on_disk import found, write_manifest

CLASSES = ("covid19", "pneumonia", "normal")


@pytest.fixture
def collections(tmp_path):
    """The second has no source, repeats an NIH patient under another id, and knows tuberculosis.

    Both number some patient p1.
    """
    first = write_manifest(
        tmp_path / "first",
        [
            "a.png,covid19,p1,web,https://www.sirm.org/1",
            "b.png,covid19,p2,web,https://sirm.org/2",
            "c.png,pneumonia,nih-7,NIH,",
            "d.png,normal,p3,web,Elsewhere",
        ],
        "image,label,patient_id,source,url",
    )
    second = write_manifest(
        tmp_path / "second",
        [
            "e.png,Normal,q1,F",
            "f.png,tuberculosis,q2,M",
            "00000007_002.png,Normal,q3,M",
            "g.png,COVID-19,p1,M",
        ],
        "image,label,patient_id,sex",
    )
    return [(name, read_collection(file)) for name, file in (("one", first), ("two", second))]


def test_images_of_the_classes_with_sources_and_no_patient_twice(collections):
    frame, notes = merge(collections, CLASSES, same_patients=True)
    assert frame["label"].tolist() == ["covid19", "covid19", "pneumonia", "normal", "normal"]
    assert frame["source"].tolist() == ["web", "web", "NIH", "web", "two"]
    assert frame["sex"].tolist() == ["", "", "", "", "F"]
    assert [path.rpartition("/")[2] for path in frame["image"]] == [
        *("a.png", "b.png", "c.png", "d.png", "e.png")
    ]
    assert notes == [
        "one: 4 of 4 images",
        "two: 1 of 4 images; left out: tuberculosis 1; left out: 2 of patients of the collections "
        "before it",
    ]


def test_an_id_in_two_collections_is_two_patients(collections):
    frame, notes = merge(collections, CLASSES)
    assert frame["patient_id"].tolist() == ["one/p1", "p2", "nih-00007", "p3", "q1", "two/p1"]
    assert notes[1:] == [
        "two: 2 of 4 images; left out: tuberculosis 1; left out: 1 of patients of the collections "
        "before it",
        "1 patient id in several collections: taken for different patients, written as "
        "collection/id; --same-patients if collections number patients alike",
    ]


def test_the_manifest_is_a_collection_again(collections, tmp_path):
    frame, _ = merge(collections, CLASSES)
    frame.to_csv(tmp_path / "all.csv", index=False)
    records = read_collection(tmp_path / "all.csv", CLASSES)
    assert records.paths.tolist() == frame["image"].tolist()


def test_places_are_sources_whatever_collection_has_them(collections):
    name, records = collections[1]
    records.frame["url"] = ["http://sirm.org/9", "", "", ""]
    frame, _ = merge([collections[0], (name, records)], CLASSES, Origin("url", fewest=3))
    assert frame["source"].tolist() == ["sirm.org", "sirm.org", "NIH", SMALL, "sirm.org", "two"]
    frame, _ = merge([collections[0], (name, records)], CLASSES, Origin("url", fewest=4))
    assert frame["source"].tolist() == [SMALL, SMALL, "NIH", SMALL, SMALL, "two"]


def test_what_cannot_be_merged_is_refused(collections, tmp_path):
    with pytest.raises(InputError) as error:
        merge(collections[:1], ("covid19", "fibrosis"))
    assert "no image of fibrosis" in found(error.value)[0][2]
    with pytest.raises(InputError, match="has no image of Mass; its classes: covid19, normal, pn"):
        merge(collections, ("Mass",))
    with pytest.raises(InputError, match="adds nothing: all its patients are in the collections"):
        merge([collections[0], collections[0]], CLASSES)
    name, records = collections[0]
    records.frame.loc[3, "source"] = ""
    with pytest.raises(InputError, match=r"metadata.csv:3: 'source' is empty; expected the hosp"):
        merge([(name, records)], CLASSES)
    rows = ["x.png,1,1,p", "y.png,0,1,q"]
    several = read_collection(
        write_manifest(tmp_path / "several", rows, "image,Mass,Edema,patient_id")
    )
    with pytest.raises(InputError, match="merge takes one class an image"):
        merge([("several", several)], ("Mass",))


@pytest.mark.parametrize(
    ("origin", "place"),
    [
        ("http://[bad", "http://[bad"),
        ("https://Radiopaedia.org/cases/1", "radiopaedia.org"),
        ("radiopaedia.org/cases/1", "radiopaedia.org"),
        ("www.Radiopaedia.org", "radiopaedia.org"),
        (" radiopaedia.org:80?case=1", "radiopaedia.org"),
        ("//radiopaedia.org/cases/1", "radiopaedia.org"),
        ("10.1016/j.radcr.2020.1", "10.1016/j.radcr.2020.1"),
        ("Ward 3, Sta. Maria", "Ward 3, Sta. Maria"),
    ],
)
def test_the_place_of_an_address(collections, origin, place):
    name, records = collections[0]
    records.frame["url"] = origin
    frame, _ = merge([(name, records)], CLASSES, Origin("url", fewest=1))
    assert set(frame["source"]) == {place}
