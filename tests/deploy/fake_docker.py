#!/usr/bin/env python3
"""Stands in for docker: notes what it is asked for and keeps what an image would be built from."""

import json
import os
import shutil
import sys
from pathlib import Path

BUILDER = "holoscan_app_builder"


def main(arguments: list[str]) -> None:
    """Answer as the packager expects."""
    folder = Path(os.environ["FAKE_DOCKER"])
    with (folder / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    answers = {
        ("buildx", "ls"): json.dumps({"Name": BUILDER, "Driver": "docker-container"}),
        ("buildx", "inspect"): f"Name: {BUILDER}",
        ("image", "inspect"): json.dumps([{"Id": "sha256:" + "0" * 64}]),
    }
    if arguments[:2] == ["buildx", "build"]:
        shutil.copytree(arguments[-1], folder / "context")
    print(answers.get(tuple(arguments[:2]), ""))


if __name__ == "__main__":
    main(sys.argv[1:])
