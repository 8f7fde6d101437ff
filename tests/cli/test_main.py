import json
import os
import signal
import subprocess
import sys
import time

import pytest

from monai_covid.cli.main import main
from tests.training.stages import write_covid, write_findings


def test_check_data_says_what_is_there(tmp_path, capsys):
    nih, covid = write_findings(tmp_path / "nih"), write_covid(tmp_path / "covid")
    assert main(["check-data", "--nih", str(nih), "--data", str(covid), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "covid19" in printed
    assert "Hernia" in printed


def test_check_data_lists_problems_and_fails(tmp_path):
    covid = write_covid(tmp_path / "covid")
    file = covid / "metadata.csv"
    file.write_text(file.read_text() + "absent.png,covid,someone\n")
    with pytest.raises(SystemExit, match=r"(?s)metadata\.csv:\d+: .*covid19"):
        main(["check-data", "--data", str(covid), "--quiet"])


def test_check_data_needs_a_data_set():
    with pytest.raises(SystemExit, match="--nih or --data"):
        main(["check-data"])


def test_phantom_writes_both_layouts_once(tmp_path):
    size = ["--nih-images", "6", "--covid-images-per-class", "5", "--size", "64", "--quiet"]
    call = ["phantom", "--out", str(tmp_path / "phantom"), *size]
    assert main(call) == 0
    assert (tmp_path / "phantom/nih/Data_Entry_2017.csv").is_file()
    assert (tmp_path / "phantom/covid/metadata.csv").is_file()
    with pytest.raises(SystemExit, match="--overwrite"):
        main(call)
    assert main([*call, "--overwrite"]) == 0


def test_evaluate_reports_a_table(tmp_path, capsys):
    table = tmp_path / "predictions.csv"
    rows = ["image,patient_id,label,probability_a,probability_b"]
    rows += [
        f"{k}.png,{k},{'ab'[k % 2]},{0.9 - 0.8 * (k % 2)},{0.1 + 0.8 * (k % 2)}" for k in range(8)
    ]
    table.write_text("\n".join(rows) + "\n")
    call = ["evaluate", str(table), "--out", str(tmp_path / "report"), "--resamples", "50"]
    assert main(call) == 0
    assert "Research use only" in capsys.readouterr().out
    content = json.loads((tmp_path / "report/metrics.json").read_text())
    assert content["notice"].startswith("Research use only")
    assert main(call) == 1


def test_a_bad_table_is_an_error_that_names_it(tmp_path):
    (tmp_path / "x.csv").write_text("image\na.png\n")
    with pytest.raises(SystemExit, match=r"x\.csv"):
        main(["evaluate", str(tmp_path / "x.csv")])


def test_an_old_name_of_a_command_works_with_a_warning(capsys):
    with pytest.raises(SystemExit) as left:
        main(["find-words", "--help"])
    assert left.value.code == 0
    printed = capsys.readouterr()
    assert printed.err == "warning: find-words is now find-text\n"
    assert printed.out.startswith("usage: monai-covid find-text")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "find-words" not in capsys.readouterr().out


def test_the_help_lists_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    codes = [
        line.split()[0] for line in text.partition("exit codes:")[2].splitlines() if line[:1] == " "
    ]
    assert codes == ["0", "1", "2", "3", "130"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "/full/x.csv"), 1, "error: /full/x.csv: No space"),
        (FileExistsError("out exists already"), 1, "error: out exists already"),
    ],
)
def test_what_stops_a_command_is_one_line(monkeypatch, capsys, error, code, said):
    def stopped(options):
        raise error

    monkeypatch.setattr("monai_covid.cli.evaluate.run", stopped)
    assert main(["evaluate", "x.csv"]) == code
    assert capsys.readouterr().err.startswith(said)


def test_after_ctrl_c_nothing_is_half_written(tmp_path):
    out = tmp_path / "phantom"
    line = [
        sys.executable,
        "-m",
        "monai_covid",
        "phantom",
        "--out",
        str(out),
        "--nih-images",
        "9999",
    ]
    with subprocess.Popen(line, stderr=subprocess.PIPE, start_new_session=True) as process:
        seen = b""
        while b"image/s" not in seen:
            seen += process.stderr.read1()
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest.rstrip().endswith(b"interrupted")
    assert b"Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_output_that_nobody_reads_is_no_error_of_the_program(tmp_path):
    table = tmp_path / "p.csv"
    table.write_text("image,patient_id,label,probability_a\nx,1,a,1\ny,2,a,1\n")
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-m", "monai_covid", "evaluate", str(table), "--resamples", "40"]
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


WITHOUT_TORCH = """
import sys
from monai_covid.cli.main import build_parser
for command in ("--help", "phantom", "check-data", "evaluate", "listen"):
    build_parser([command])
    for name in ("torch", "monai"):
        assert name not in sys.modules, f"{command} imports {name}"
"""


def test_commands_that_need_no_network_start_without_torch():
    line = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_misspelt_command_names_the_right_ones(capsys):
    with pytest.raises(SystemExit):
        main(["phantm"])
    assert "choose from 'predict', 'explain'" in capsys.readouterr().err
