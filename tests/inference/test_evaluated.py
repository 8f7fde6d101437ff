import pytest

from monai_covid.errors import OptionError
from monai_covid.inference.evaluated import evaluated_datalist
from monai_covid.models.model_file import ModelInfo
from tests.data.collections_on_disk import write_manifest


def test_labels_that_are_not_known_are_refused_before_any_image_is_read(tmp_path):
    lines = [f"{n}.png,{n},{n % 2},{-1 if n < 3 else n // 2 % 2},test" for n in range(9)]
    write_manifest(tmp_path, lines, "image,patient_id,Mass,Nodule,split")
    info = ModelInfo(labels=("Mass", "Nodule"), multilabel=True)
    with pytest.raises(OptionError, match=r"3 of 9 images have labels .* give --uncertain zeros"):
        evaluated_datalist(info, tmp_path)
    assert len(evaluated_datalist(info, tmp_path, uncertain="ones")) == 9
