"""Which settings a continued run may change."""

from monai.bundle import ConfigParser

from monai_covid.data.datalists import datalist_hash
from monai_covid.training import workflow_options
from monai_covid.training.settings import MAY_CHANGE_ON_RESUME, running_settings

ITEMS = [
    {"image": "/a/1.png", "name": "1.png", "patient_id": "p1", "label": 0},
    {"image": "/a/2.png", "name": "2.png", "patient_id": "p2", "label": 2},
]


def settings(training=ITEMS, validation=ITEMS[:1], **config):
    parser = ConfigParser(
        {"seed": 0, "batch_size": 4, "cache_gb": 1.0, "found": "$look()", **config},
        globals={"look": lambda: running_settings(training, validation)},
    )
    return parser.get_parsed_content("found")


def test_what_decides_the_result_is_kept():
    found = settings()
    assert found["seed"] == 0
    assert found["batch_size"] == 4
    assert (found["training_images"], found["validation_images"]) == (2, 1)
    assert "cache_gb" not in found


def test_every_option_was_thought_about():
    decisive = {
        *workflow_options.STAGE1,
        *workflow_options.STAGE2,
        *workflow_options.STAGE3,
    } - MAY_CHANGE_ON_RESUME
    assert decisive == {
        *(
            "architecture",
            "channels",
            "image_size",
            "head",
            "keep",
            "new_from",
            "precision",
            "seed",
        ),
        *("max_epochs", "head_epochs", "learning_rate", "head_learning_rate", "warmup_epochs"),
        *("optimizer_name", "freeze_batch_norm"),
        *("momentum", "weight_decay", "patience", "val_interval", "batch_size", "limit"),
        *("rotation_degrees", "translation_pixels", "flip_probability", "validation_fraction"),
        *("folds", "fold", "hold_out_by", "balance_classes", "label_smoothing"),
        *("aspect_range", "border_probability", "grey_jitter", "erase_probability", "ema_decay"),
        *("balance_sources", "leave_out_sources", "exclude_fold", "exclude_validation_fraction"),
        *("lungs", "text", "grey", "placement_fill", "model_epoch"),
        *("relevance_weight", "relevance_every", "relevance_images", "relevance_margin"),
        *("projector_width", "redundancy_weight"),
    }


def test_the_head_counts_only_where_there_is_a_model_to_take_it_from():
    config = {"head": "mean", "new_from": {"a": ["b"]}, "keep": "c=d"}
    assert settings(**config, stage2_model="none") == settings()
    assert settings(**config, stage2_model="two.pt") == {**settings(), **config}


def test_runs_of_earlier_versions_can_be_continued():
    """They stored the related findings whatever the head, and had no option keep."""
    now = settings(head="keep", new_from=None, keep=None, stage2_model="two.pt")
    assert now == {**settings(), "head": "keep"}


def test_files_may_move():
    moved = [{**item, "image": item["image"].replace("/a/", "/b/")} for item in ITEMS]
    assert settings(moved) == settings()


def test_data_may_not_change():
    assert datalist_hash(ITEMS) != datalist_hash(ITEMS[::-1])
    assert datalist_hash(ITEMS) != datalist_hash([{**ITEMS[0], "label": 1}, ITEMS[1]])
    assert datalist_hash(ITEMS, []) != datalist_hash([], ITEMS)
    assert settings(ITEMS[::-1]) != settings()
