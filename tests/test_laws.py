"""The laws of the house that no single module can keep: who imports whom, what a start costs, what is documented."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from assistant.settings import Settings
from evals.command import application
from evals.metrics import METRICS

HOUSE = Path(__file__).parent.parent
OURS = frozenset({"assistant", "vectorstore", "prompts", "evals", "training", "tests"})
MAY_IMPORT = {
    "vectorstore": {"vectorstore"},
    "prompts": {"prompts"},
    "assistant": {"assistant", "vectorstore", "prompts"},
    "evals": {"evals", "assistant", "vectorstore", "prompts"},
    "training": {"training", "assistant", "vectorstore"},
}
HEAVY = {
    "brotli", "chromadb", "docx", "fastapi", "feedparser", "gradio", "langchain", "langchain_core",
    "langchain_openai", "lxml", "markdown_it", "numpy", "onnxruntime", "openai", "openpyxl", "pandas", "pptx",
    "pydantic", "pydantic_settings", "pypdfium2", "rich", "snowballstemmer", "striprtf", "tiktoken", "tokenizers",
    "trafilatura", "uvicorn", "warcio",
}  # fmt: skip
MODULES = sorted(
    path.relative_to(HOUSE)
    for room in ("assistant", "vectorstore", "prompts", "evals")
    for path in (HOUSE / room).rglob("*.py")
)
IMPORTERS = MODULES + sorted(path.relative_to(HOUSE) for path in (HOUSE / "training").rglob("*.py"))
LONGEST = 400


def tree(path):
    return ast.parse((HOUSE / path).read_text(encoding="utf-8"))


def imported(path):
    """Return the top-level names that a module imports anywhere, TYPE_CHECKING and functions included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield path.parts[0] if node.level else node.module.split(".")[0]


@pytest.mark.parametrize("path", IMPORTERS, ids=str)
def test_a_room_imports_only_the_rooms_below_it(path):
    assert set(imported(path)) & OURS <= MAY_IMPORT[path.parts[0]]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_begins_with_a_sentence_that_says_what_it_is_for(path):
    docstring = ast.get_docstring(tree(path))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", "?", ":"))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_is_short_enough_to_be_read_at_once(path):
    assert len((HOUSE / path).read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_help_imports_nothing_heavy():
    program = (
        "import sys, json, io, contextlib; from evals.command import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): status = run(['--help'])\n"
        "print(json.dumps([status, sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=HOUSE, check=True)
    status, modules = json.loads(done.stdout)
    assert status == 0
    assert {name.split(".")[0] for name in modules} & HEAVY == set()


def every_command(group, before=""):
    """Yield the commands of a group with their names, "eval new" for one inside another."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_and_option_is_documented():
    told = (HOUSE / "docs/cli.md").read_text(encoding="utf-8")
    commands = dict(every_command(typer.main.get_command(application())))
    assert {"ask", "eval SUITE", "eval new"} <= set(commands)
    for name, command in commands.items():
        assert f"# footnote {name}" in told
        assert "Examples:" in command.help
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        assert [option for option in options if f"{option}`" not in told and f"{option} " not in told] == []


def test_every_setting_is_documented_with_its_default():
    rows = dict(
        line.strip("| ").split(" | ")[:2]
        for line in (HOUSE / "docs/settings.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `FOOTNOTE_")
    )
    expected = {}
    for name, field in Settings.model_fields.items():
        default = "–" if field.default in (None, "") else f"`{field.default}`".replace(".0`", "`")
        expected[f"`FOOTNOTE_{name.upper()}`"] = default
    assert rows == expected


def test_every_metric_is_documented():
    told = (HOUSE / "docs/evals.md").read_text(encoding="utf-8")
    table = told.partition("## Metrics")[2].partition("## Statistics")[0]
    assert [name for name in METRICS if f"`{name.partition('@')[0]}" not in table] == []
