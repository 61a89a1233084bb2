"""What a newcomer meets first: the set-up lines, the declared extras, the pinned versions and the check script."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP_LINES = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
EXTRAS = {"notebook", "parquet", "distributed", "mpi", "trace", "docs", "dev"}


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def _requirement_names(text: str) -> set[str]:
    return {_normal(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0]) for line in text.strip().splitlines()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def test_the_readme_has_one_set_up_line_for_the_main_job_and_one_for_the_tests() -> None:
    assert len(SET_UP_LINES) == 2
    main, tests = SET_UP_LINES
    assert main.endswith(".venv/bin/virtlab run scenarios/what-does-it-cost.yaml")
    assert "-c constraints.txt -e '.[notebook]'" in main
    assert "-c constraints.txt -e '.[dev]' && .venv/bin/pytest" in tests


@pytest.mark.parametrize("line", SET_UP_LINES)
def test_a_set_up_line_stands_alone(line: str) -> None:
    fenced = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert f"{line}\n" in fenced
    assert not line.endswith("\\")
    assert line.startswith("python3 -m venv .venv && ")


def test_the_readme_links_to_files_that_exist() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_exactly_the_promised_extras_are_declared() -> None:
    assert set(_setup()["options.extras_require"]) == EXTRAS


def test_every_direct_dependency_is_pinned() -> None:
    setup = _setup()
    wanted = _requirement_names(setup["options"]["install_requires"])
    for extra in EXTRAS:
        wanted |= _requirement_names(setup["options.extras_require"][extra])
    assert wanted <= {_normal(pin.split("==")[0]) for pin in _pins()}


def test_constraints_are_plain_pins_that_name_no_place() -> None:
    assert [pin for pin in _pins() if not re.fullmatch(r"[\w.-]+==[\w.+]+( ; .+)?", pin)] == []
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert re.findall(r"^-.*", text, flags=re.MULTILINE) == []


def test_the_command_is_installed_under_its_name() -> None:
    setup = _setup()
    assert setup["metadata"]["name"] == "virtlab"
    assert setup["options.entry_points"]["console_scripts"].split("=", 1)[1].strip() == "simulator.cli:main"
    shown = subprocess.run(
        [Path(sys.executable).with_name("virtlab"), "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert shown.returncode == 0, shown.stderr
    assert "explain" in shown.stdout


def test_every_folder_with_code_is_a_package_and_is_therefore_installed() -> None:
    folders = {path.parent for path in (ROOT / "simulator").rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_data_file_of_the_package_is_installed() -> None:
    package = ROOT / "simulator"
    patterns = _setup()["options.package_data"]["simulator"].split()
    declared = {path for pattern in patterns for path in package.glob(pattern)}
    present = {path for path in package.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert sorted(str(path.relative_to(ROOT)) for path in present - declared) == []


def test_the_check_script_runs_the_lines_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "pip install" not in text, "the script installs by the README's lines only"
    for variable, word in (("test_line", "pytest"), ("main_line", "scenarios/what-does-it-cost.yaml")):
        assert f"{variable}=$(readme_line {word})" in text
        assert f'bash -c "${variable}"' in text
        assert len([line for line in SET_UP_LINES if word in line]) == 1


def test_a_worker_imports_no_heavy_library() -> None:
    program = (
        "import sys, simulator.experiment; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["pandas", "numpy", "scipy", "matplotlib", "pyarrow", "pydantic", "yaml", "click", "rich"]
    done = subprocess.run(
        [sys.executable, "-c", program, *heavy], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
