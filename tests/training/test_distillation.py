"""Stage 1 with a teacher: its parts against closed forms, and whole runs."""

import json
import re
import sys

import pytest
import torch
from torch import nn

from monai_covid.errors import WeightsError
from monai_covid.models.architectures import build_densenet
from monai_covid.models.features import DenseNetMaps, frozen_backbone, pooled
from monai_covid.models.model_file import ModelInfo, load_model, read_backbone_info, read_model_info
from monai_covid.models.tensor_names import HEAD
from monai_covid.training.distillation import (
    DistillationLoss,
    DistillingInferer,
    Lesson,
    Student,
    Teacher,
    build_backbone,
)
from monai_covid.training.inferer import PrecisionInferer
from tests.training.stages import assert_same_end, curve, last, run_stage

pytestmark = pytest.mark.slow

STAGE = "stage1_distilled"
QUICK = {"image_size": 32, "batch_size": 8, "warmup_epochs": 1}
TAUGHT = "features distilled from ImageNet (efficientnet-lite0-57934424.pth)"


class Images:
    """A data set of noise that notes which items are asked for."""

    def __init__(self, count, size=32):
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randn(count, 1, size, size, generator=generator)
        self.asked = []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, key):
        self.asked.append(key)
        return {"image": self.images[key[1]]}


@pytest.fixture
def taught():
    """A teacher and a student of it that are ready for images of 32 pixels."""
    teacher, network = Teacher("efficientnet_lite0"), build_densenet(outputs=1)
    student = Student(network, teacher, 32, seed=0)
    images = Images(300)
    teacher.prepare(images, student.sizes)
    return teacher, student, network, images


def test_the_teacher_standardises_by_the_first_views_of_images_all_over_the_set(taught):
    teacher, student, _, images = taught
    assert images.asked == [(0, index) for index in range(0, 256, 2)]
    chosen = images.images[0:256:2]
    maps = frozen_backbone("efficientnet_lite0").maps(chosen)
    *found, averaged = teacher(chosen)
    for one, original, size in zip(found, maps, student.sizes, strict=True):
        assert one.shape == (128, original.shape[1], *size)
        sized = nn.functional.adaptive_avg_pool2d(original, size)
        mean = sized.mean((0, 2, 3), keepdim=True)
        deviation = sized.std((0, 2, 3), keepdim=True, correction=0).clamp(min=1e-3)
        torch.testing.assert_close(one, (sized - mean) / deviation)
    features = pooled(maps)
    expected = (features - features.mean(0)) / features.std(0, correction=0).clamp(min=1e-3)
    torch.testing.assert_close(averaged, expected)
    assert abs(float(found[3].mean())) < 1e-4
    assert float(found[3].std()) == pytest.approx(1.0, abs=0.05)


def test_the_student_answers_in_the_teachers_shapes(taught):
    teacher, student, network, images = taught
    lesson = DistillingInferer(PrecisionInferer(), teacher)(images.images[:4], student)
    assert [one.shape for one in lesson.learned] == [one.shape for one in lesson.taught]
    assert len(lesson.learned) == 8  # seven stages and the pooled features
    assert not any(one.requires_grad for one in lesson.taught)
    own = [one.shape[2] for one in DenseNetMaps(network)(images.images[:4])]
    assert own == [8, 4, 2, 1]
    # 16, 8, 4, 2, 2, 1, 1 of the teacher.
    assert [size[0] for size in student.sizes] == [8, 8, 4, 2, 2, 1, 1]


def test_a_step_trains_the_densenet_itself_and_not_the_teacher(taught):
    teacher, student, network, images = taught
    before = [
        {name: tensor.clone() for name, tensor in module.state_dict().items()}
        for module in (network, teacher.maps)
    ]
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
    inferer, loss = DistillingInferer(PrecisionInferer(), teacher), DistillationLoss()
    losses = []
    for _ in range(8):
        found = loss(inferer(images.images[:8], student), torch.zeros(8))
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
        losses.append(found.item())
    assert losses[-1] < 0.8 * losses[0]
    after = [network.state_dict(), teacher.maps.state_dict()]
    moved = [name for name, tensor in after[0].items() if not torch.equal(tensor, before[0][name])]
    assert {"features.conv0.weight", "features.denseblock4.denselayer16.layers.conv2.weight"} <= {
        *moved
    }
    assert not [name for name in moved if name.startswith(HEAD)]
    for name, tensor in after[1].items():
        assert torch.equal(tensor, before[1][name]), name


def test_building_a_student_leaves_batch_statistics_and_the_random_state_alone():
    network = build_backbone(ModelInfo(labels=()), seed=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    students = [Student(network, Teacher("efficientnet_lite0"), 32, seed=1) for _ in range(2)]
    assert torch.equal(state, torch.get_rng_state())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    first, second = (student.regressions.state_dict() for student in students)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name])
    assert network.training


def test_teacher_and_densenet_may_be_on_different_devices_at_first():
    elsewhere = Student(build_densenet(outputs=1), Teacher("efficientnet_lite0", "meta"), 32, 0)
    here = Student(build_densenet(outputs=1), Teacher("efficientnet_lite0"), 32, 0)
    assert elsewhere.sizes == here.sizes


def test_the_loss_is_the_mean_over_maps_and_the_pooled_features():
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 3, 4, 4), (2, 5, 2, 2), (2, 16)]
    learned, given = (
        [torch.randn(shape, generator=generator) * 2 for shape in shapes] for _ in range(2)
    )

    def smooth(one, other):
        gap = (one - other).abs()
        return torch.where(gap < 1, 0.5 * gap**2, gap - 0.5).mean()

    maps = [smooth(one, other) for one, other in zip(learned[:2], given[:2], strict=True)]
    expected = (maps[0] + maps[1]) / 2 + smooth(learned[2], given[2])
    found = DistillationLoss()(Lesson(learned, given), torch.zeros(2))
    torch.testing.assert_close(found, expected)


@pytest.fixture
def distil(covid, tmp_path, tiny_network):
    """Run stage 1 on the pictures of the manifest; return its folder."""

    def run(name="one", **options):
        chosen = {**QUICK, "max_epochs": 2, "image_folders": [str(covid)], **options}
        run_stage(STAGE, None, tmp_path / name, **chosen)
        return tmp_path / name

    return run


def backbone(file):
    state = torch.load(file, weights_only=True)
    return {name: tensor for name, tensor in state.items() if name.startswith("features.")}


def test_a_run_leaves_a_backbone_that_says_where_it_comes_from(distil):
    run = distil()
    content = torch.load(run / "model.pt", weights_only=True)
    assert {name.split(".")[0] for name in content} == {"features", "model_info"}
    for name, tensor in backbone(run / "model.pt").items():
        assert torch.equal(tensor, last(run)["network"][name])
    info = read_backbone_info(run / "model.pt")
    assert (info.start, info.image_size, info.labels) == (TAUGHT, 32, ())
    found = json.loads((run / "summary.json").read_text())
    assert (found["finished"], found["epochs"], found["settings"]["teacher"]) == (
        *(True, 2),
        "efficientnet_lite0",
    )
    assert found["settings"]["training_images"] == 24
    rows = curve(run)
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    with pytest.raises(WeightsError, match="holds a backbone"):
        read_model_info(run / "model.pt")


@pytest.mark.parametrize("options", [{}, {"ema_decay": 0.9, "channels": 3}])
def test_an_interrupted_run_ends_as_a_whole_one(distil, options):
    whole = distil("whole", max_epochs=3, **options)
    for resume in (False, True, True):
        pieces = distil("pieces", max_epochs=3, resume=resume, minutes=0.0, **options)
    assert_same_end(whole, pieces)


@pytest.mark.parametrize("stage", ["stage2_nih", "stage3_covid"])
def test_the_next_stage_starts_from_the_backbone(distil, nih, covid, tmp_path, stage):
    file = distil() / "model.pt"
    options = {"max_epochs": 1, "head_epochs": 1, "batch_size": 8, "imagenet": str(file)}
    run_stage(stage, nih if stage == "stage2_nih" else covid, tmp_path / "next", **options)
    _, info = load_model(tmp_path / "next" / "model.pt")
    assert info.start == TAUGHT
    expected, found = backbone(file), backbone(tmp_path / "next" / "model.pt")
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_folders": []}, "image_folders is empty"),
        ({"teacher": "resnet50"}, "--teacher 'resnet50': must be one of efficientnet_lite0"),
        ({"projector_width": 8}, "--projector_width is not an option"),
        ({"batch_size": 500}, "fewer training images than batch_size"),
    ],
)
def test_bad_options(distil, tmp_path, options, message):
    with pytest.raises(SystemExit, match=rf"(?s)^error: .*{message}"):
        distil(**options)
    assert not (tmp_path / "one" / "summary.json").exists()


def test_missing_packages_are_named(distil, monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    message = re.escape("pip install 'monai-covid[features]'")
    with pytest.raises(SystemExit, match=rf"^error: .*{message}"):
        distil()
