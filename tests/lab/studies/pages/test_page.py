"""The pages: what is on them, for whom, and that they are made whole or not at all."""

import re

import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.main import main
from monai_covid.errors import InputError, OptionError
from monai_covid.lab.studies.pages.engineer import for_engineers
from monai_covid.lab.studies.pages.folder import write_results
from monai_covid.lab.studies.pages.page import study_page
from monai_covid.lab.studies.pages.radiologist import chosen_arm, for_radiologists
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.pages import example


def study_of(content):
    return parse_study(content, "study.json", "x")


def page_of(content):
    return study_page(study_of(content), "figures")


def rows_of(page, first):
    lines = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_a_page_has_every_part():
    page = page_of(example.full_study())
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == [
        "# Output neuron keeping",
        "## For a radiologist",
        "## For a machine-learning engineer",
        "## Learning curves",
        "## Test images",
        "## Arms",
        "## What each arm contributes",
        "## Other images",
    ]
    assert RESEARCH_USE_ONLY in page
    assert "Published figures are of other folds" in page
    test, arm, *further = rows_of(page, "twice-keep")
    assert test[1:3] == ["0.660 (0.630 to 0.690)", "0.700 (0.670 to 0.730)"]
    assert arm[1:4] == ["stage 2 (random weights)", "head keep", "15"]
    glance, *further = further
    assert [cell.split()[0] for cell in glance[1:]] == ["0.660", "0.660", "0.700", "0.640"]
    assert "| Balanced accuracy | the same, lungs blanked out |\n" in page
    assert [row[1] for row in further] == ["lungs blanked out", "lungs alone"]
    assert ["twice-mean", "twice-keep", "validation AUC, epochs 1 to 5"] in [
        row[:3] for row in rows_of(page, "twice-mean")
    ]


def test_arms_that_could_not_be_compared_share_a_sentence():
    lone = [
        example.comparison(name, 0.1, None, None, None, note="One pair.")
        for name in ("twice-random", "twice-mean")
    ]
    arms = [example.arm(name) for name in ("twice-keep", "twice-random", "twice-mean")]
    text = for_engineers(study_of(example.study(arms, lone)))
    sentence = "twice-random and twice-mean could not be compared with twice-keep in validation AUC"
    assert text.count("could not be compared") == 1
    assert f"- {sentence}, epochs 1 to 5. One pair.\n" in text


def test_arms_with_a_stage_1_show_it():
    content = example.full_study()
    content["settings"]["stage1"] = {"max_epochs": 100}
    content["arms"][1]["stage1"] = {}
    content["arms"][2]["stage1"] = {"max_epochs": 50}
    trained = {"name": "densenet121-x", "started_from": "random weights", "epochs": 100}
    numbers = {"training_images": 1200, "training_loss": 41.5, "seconds": 90.0}
    content["stage1"] = [{**trained, **numbers}]
    page = page_of(content)
    assert "of stage 1: max epochs 100; of stage 2:" in page
    (row,) = rows_of(page, "densenet121-x")
    assert row[1:] == ["random weights", "1,200", "100", "41.500", "1.5"]
    options = [rows_of(page, name)[1][2] for name in ("twice-mean", "twice-random")]
    assert options == ["head mean", "head random; stage 1: max epochs 50"]
    del content["stage1"][0]["training_loss"]
    with pytest.raises(InputError, match=r"\$\.stage1\[0\]: 'training_loss' is a required"):
        page_of(content)


def test_arms_whose_external_images_are_of_two_classes_are_named():
    content = example.full_study()
    content["arms"][0]["pooled"]["further"]["external"] = example.scores(0.5)
    two = example.scores(0.4)
    two["recall"]["covid19"] = {"value": None, "low": None, "high": None}
    content["arms"][1]["pooled"]["further"]["external"] = two
    page = page_of(content)
    assert "alone are external: twice-mean. Their figures there are of two classes" in page
    content["arms"][1]["pooled"]["further"].pop("external")
    assert "of two classes" not in page_of(content)


def test_runs_that_are_missing_are_named():
    page = page_of(example.full_study())
    assert (
        "**Not finished:** direct has 13 of 15 runs (missing: seed 2 fold 3, seed 2 fold 4)."
        in page
    )
    assert rows_of(page, "direct")[1][3] == "13 of 15"
    assert "Not finished" not in page_of(example.study())


def test_an_arm_without_runs_is_named_and_takes_no_room():
    content = example.full_study()
    arm = next(each for each in content["arms"] if each["name"] == "direct")
    arm |= {"runs": [], "runs_finished": 0, "pooled": {"test": {}, "further": {}}}
    arm["curves"] |= {"validation_auc": []}
    for compared in content["comparisons"]:
        if compared["arm"] == "direct":
            compared |= {"pairs": 0, "mean_difference": None, "low": None, "high": None}
    page = page_of(content)
    assert "**Not begun,** and left out below: direct." in page
    assert page.count("direct") == 1
    arm["failures"] = [{"seed": 0, "fold": 1, "reason": "diverged"}]
    assert len(rows_of(page_of(content), "direct")) > 0


def test_parts_that_a_study_lacks_are_left_out():
    page = page_of(example.study(comparisons=[], baselines={}))
    assert "## Other images" not in page
    assert "## What each arm contributes" not in page
    assert "trivial" not in page


def test_nothing_tested_yet_is_said():
    arms = [example.arm("twice-keep", missing=2)]
    text = for_radiologists(study_of(example.study(arms, [])))
    assert "No variant has results on test images yet." in text


def test_the_arm_is_chosen_by_validation_and_never_by_test_images():
    arms = [example.arm("twice-keep"), example.arm("twice-random", 0.6)]
    arms[0]["pooled"]["test"] = example.scores(0.5)
    arms[1]["pooled"]["test"] = example.scores(0.9)
    assert chosen_arm(study_of(example.study(arms))).name == "twice-keep"
    arms[0]["runs_planned"] = 5
    assert chosen_arm(study_of(example.study(arms))).name == "twice-random"


def test_folds_are_counted_once_however_many_seeds():
    arm = example.arm("twice-keep", seeds=(0, 1, 2), folds=(0, 1))
    content = example.study([arm], [], seeds=[0, 1, 2], folds=[0, 1])
    found = study_of(content).arms[0]
    assert (found.images, found.patients) == (225 + 224, 304)
    arm["pooled"]["test"] |= {"images": 449, "patients": 301}
    assert study_of(content).arms[0].patients == 301


def test_conclusions_rest_on_the_interval_that_allows_for_shared_images():
    wide = example.comparison(
        "twice-random", 0.02, 0.01, 0.03, 0.001, corrected={"low": -0.01, "high": 0.05}
    )
    page = page_of(example.study(comparisons=[wide]))
    assert "No significant difference between twice-random and twice-keep in" in page
    assert "better" not in page
    assert rows_of(page, "twice-random")[-1][-1] == "-0.010 to +0.050"
    assert "Nadeau & Bengio" in page


def test_stage_2_and_failures_are_shown():
    content = example.full_study()
    content["arms"][7]["failures"] = [{"seed": 2, "fold": 4, "message": "secret"}]
    stage2 = {"name": "densenet121-seed_0", "started_from": "random weights", "epochs": 30}
    stage2 |= {"best_validation_auc": 0.61, "training_images": 475, "seconds": 840.0}
    page = page_of({**content, "stage2": [stage2]})
    assert "| densenet121-seed\\_0 | random weights | 475 | 30 | 0.610 | 14.0 |" in page
    assert "(missing: seed 2 fold 3, seed 2 fold 4, failed)" in page
    assert "secret" not in page


def test_the_radiologist_reads_counts_of_a_hundred():
    arms = [example.arm("twice-keep", 0.7), example.arm("twice-random", 0.68)]
    arms[0]["pooled"]["further"] = {"without_lungs": example.scores(0.6)}
    text = for_radiologists(study_of(example.study(arms)))
    assert "It classifies 70 of 100 (67 to 73) test images correctly" in text
    assert "70 of 100 (67 to 73) with COVID-19" in text
    assert "No significant difference between this network and the trivial" in text
    assert "With the lungs blanked out it still classifies 60 of 100 (57 to 63) correctly." in text
    assert "it uses something outside the lungs" in text
    arms[0]["pooled"]["further"] = {"without_lungs": example.scores(0.3)}
    text = for_radiologists(study_of(example.study(arms)))
    assert "not significantly above chance" in text


def test_the_radiologist_is_told_what_may_be_chance():
    text = for_radiologists(study_of(example.full_study()))
    assert (
        "Validation AUC, epochs 1 to 5: twice-mean better than twice-keep; twice-random worse than "
        "twice-keep, which may be chance; direct not significantly different from twice-keep."
        in text
    )


def test_the_radiologist_is_told_which_arm_another_is_compared_with():
    content = example.full_study()
    content["comparisons"][0]["baseline"] = "direct"
    other = content["comparisons"][0]["arm"]
    (line,) = [line for line in for_radiologists(study_of(content)).splitlines() if other in line]
    assert re.search(rf"{other} [^;]* direct", line)
    assert "than twice-keep" in line


def test_names_cannot_break_a_table():
    content = example.study()
    content["title"] = "a | b\nc"
    content["arms"][1]["options"] = {"odd_option": "x|y", "flag": True, "none": None}
    page = page_of(content)
    assert page.startswith("# a \\| b c\n")
    assert "flag on, none none, odd option x\\|y" in page


def test_the_command_writes_pages_index_data_and_figures(tmp_path, capsys):
    first = example.write(tmp_path / "keeping" / "study.json", example.study())
    second = example.write(tmp_path / "other.json", example.study(comparisons=[]))
    out = tmp_path / "results"
    assert main(["results", str(first), "--out", str(out)]) == 0
    assert "keeping.md" in capsys.readouterr().out
    assert main(["results", str(second), "--out", str(out)]) == 0
    index = (out / "index.md").read_text()
    assert index.index("(keeping.md)") < index.index("(other.md)")
    assert RESEARCH_USE_ONLY in index
    assert (out / "data/keeping.json").read_bytes() == first.read_bytes()
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    names = ("keeping", "other")
    assert found == {
        "index.md",
        *(f"{name}.md" for name in names),
        *(f"data/{name}.json" for name in names),
        *(f"figures/{name}-{plot}.png" for name in names for plot in ("curves", "forest")),
    }


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pages_are_made_again_from_the_stored_files_byte_for_byte(tmp_path):
    file = example.write(tmp_path / "keeping" / "study.json", example.study())
    write_results([file], tmp_path / "results")
    before = contents(tmp_path / "results")
    write_results([tmp_path / "results/data/keeping.json"], tmp_path / "results", overwrite=True)
    assert contents(tmp_path / "results") == before


def test_pages_are_not_replaced_unasked(tmp_path, capsys):
    file = example.write(tmp_path / "keeping.json", example.study())
    call = ["results", str(file), "--out", str(tmp_path / "results")]
    assert main(call) == 0
    assert main(call) == 1
    assert "keeping.md exists already; --overwrite" in capsys.readouterr().err
    assert main([*call, "--overwrite"]) == 0


def test_an_index_of_something_else_is_kept(tmp_path):
    (tmp_path / "index.md").write_text("mine")
    file = example.write(tmp_path / "in/keeping.json", example.study())
    with pytest.raises(FileExistsError, match=r"index\.md"):
        write_results([file], tmp_path)
    assert (tmp_path / "index.md").read_text() == "mine"


def test_a_bad_file_among_good_ones_writes_nothing(tmp_path):
    good = example.write(tmp_path / "in/good.json", example.study())
    bad = example.write(tmp_path / "in/bad.json", {"format_version": 1})
    with pytest.raises(InputError, match=r"bad\.json: \$: 'title' is a required property"):
        write_results([good, bad], tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_names_of_pages_must_differ_and_do_for_files(tmp_path):
    files = [example.write(tmp_path / place / "x.json", example.study()) for place in "ab"]
    with pytest.raises(OptionError, match="both pages would be called x"):
        write_results(files, tmp_path / "results")
    index = example.write(tmp_path / "index.json", example.study())
    with pytest.raises(OptionError, match=r"index\.json: its page would be called 'index'"):
        write_results([index], tmp_path / "results")


def test_arms_share_a_sentence_only_if_they_are_compared_with_the_same_arm():
    content = example.full_study()
    alike = {"low": -0.01, "high": 0.012, "p_value_holm": 1.0}
    for compared, baseline in zip(
        content["comparisons"], ("twice-keep", "twice-keep", "twice-201-keep"), strict=True
    ):
        compared.update(alike, baseline=baseline)
    text = for_engineers(study_of(content))
    assert (
        "No significant difference between twice-keep and any of twice-mean and twice-random"
        in text
    )
    assert "No significant difference between direct and twice-201-keep in" in text


def test_arms_that_had_no_imagenet_weights_are_named_at_the_top():
    content = example.full_study()
    assert "**Not ImageNet-pretrained,** but from random weights: direct." in page_of(content)
    content["arms"][-1]["started_from"] = "ImageNet"
    assert "Not ImageNet-pretrained" not in page_of(content)
