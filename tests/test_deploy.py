"""docs/deploy.md and deploy/: every setting, route, command and file that they name exists, and the units hold."""

import ast
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from starlette.routing import compile_path
from test_laws import every_command

from assistant.access import Person
from assistant.audit import Audited
from assistant.holdings import Collections
from assistant.settings import Settings
from assistant.web.routes import ROUTES
from evals.command import application

HOUSE = Path(__file__).parent.parent
DOCS, UNIT, CONTAINER = HOUSE / "docs/deploy.md", HOUSE / "deploy/footnote.service", HOUSE / "deploy/Containerfile"
NGINX = HOUSE / "deploy/nginx.conf"
TOLD = DOCS.read_text(encoding="utf-8")
ALL = {path.name: path.read_text(encoding="utf-8") for path in (DOCS, *sorted((HOUSE / "deploy").iterdir()))}
NEEDS_SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here; install the distribution's `systemd`"
)


@pytest.mark.parametrize("name", ALL)
def test_every_setting_that_is_named_exists(name):
    named = set(re.findall(r"FOOTNOTE_[A-Z_]+", ALL[name]))
    assert named - {f"FOOTNOTE_{field.upper()}" for field in Settings.model_fields} == set()


VALUES = sorted(set(re.findall(r"(FOOTNOTE_[A-Z_]+)=([^\s`…]+)(?=[\s`])", TOLD)))


@pytest.mark.parametrize("given", VALUES, ids="=".join)
def test_every_value_that_is_told_is_valid(given):
    name, value = given
    Settings(_env_file=None, **{name.removeprefix("FOOTNOTE_").lower(): value})


def test_every_route_that_is_named_exists():
    patterns = [(compile_path(route.path)[0], route.method) for route in ROUTES]
    named = re.findall(r"`(?:(GET|POST|DELETE) )?(/(?:api|v1|healthz|readyz|metrics|mcp)[^`\s]*)`", TOLD)
    assert len(named) > 10
    for method, path in named:
        assert any(pattern.match(path) and method in ("", known) for pattern, known in patterns), path
    for path in re.findall(r"intranet\.corp\.example/assistant(/[^`\s]*)", TOLD):
        assert any(pattern.match(path) for pattern, _ in patterns), path


def commands():
    """Yield every call of footnote on the page, as words behind its name."""
    for line in TOLD.replace("\\\n", " ").splitlines():
        for code in [line] if line.startswith("    ") else re.findall(r"`([^`]*)`", line):
            for called in re.findall(r"(?:^|(?<!-u)(?<!su)\s|/bin/)footnote ((?:-|[a-z])[^#&]*)", code):
                yield called.strip()


def test_every_command_and_option_that_is_named_exists():
    known = dict(every_command(typer.main.get_command(application())))
    named = list(commands())
    assert len(named) > 10
    for called in named:
        words = shlex.split(called)
        options = [word for word in words if word.startswith("--")]
        if words[0] == "--library":
            words = words[2:]
        name = next((one for one in (" ".join(words[:2]), words[0]) if one in known), None)
        assert name, called
        taken = {option for parameter in known[name].params for option in parameter.opts} | {"--library"}
        assert set(options) <= taken, called


def test_every_file_that_is_linked_exists():
    for target in re.findall(r"\]\(([^)#]+)", TOLD):
        assert (DOCS.parent / target).is_file(), target


def test_every_event_of_the_audit_that_is_named_exists():
    named = set(re.findall(r"`(\w+_\w+)` lines?", TOLD))
    assert named
    assert named <= set(Audited.__args__)


def test_the_example_of_collections_is_one(tmp_path):
    example = re.search(r"(    # /etc/footnote/collections\.yaml\n.*?)\n\n", TOLD, flags=re.DOTALL)[1]
    (tmp_path / "collections.yaml").write_text(re.sub("^    ", "", example, flags=re.MULTILINE), encoding="utf-8")
    settings = Settings(_env_file=None, library=tmp_path / "library", collections=tmp_path / "collections.yaml")
    held = Collections.read(settings)
    ann, bob = (Person(f"user:{name}", frozenset({"ask", "write"}), frozenset({name})) for name in ("board", "hr"))
    sources = ["handbook/leave/days.md", "board/minutes.md", "elsewhere.md"]
    assert list(map(held.readable(ann).holds, sources)) == [True, True, False]
    assert list(map(held.readable(bob).holds, sources)) == [True, False, False]
    assert [held.may_write(one, "handbook") for one in (ann, bob)] == [False, True]


def test_what_nginx_takes_is_more_than_what_footnote_takes():
    taken = int(re.search(r"client_max_body_size (\d+)m;", ALL[NGINX.name])[1]) * 2**20
    assert taken > (Settings.model_fields["upload_megabytes"].default + 1) * 1_000_000


# systemd


def analyzed(*arguments, **options):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, **options)


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    program = tmp_path / "footnote"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "footnote.service"
    unit.write_text(ALL[UNIT.name].replace("/opt/footnote/bin/footnote", str(program)), encoding="utf-8")
    verified = analyzed("verify", "--man=no", str(unit))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_unit_is_as_little_exposed_as_the_page_says():
    (said,) = re.findall(r"of systemd (\d+) says: exposure ([\d.]+)", TOLD)
    done = analyzed("security", "--offline=true", "--no-pager", "--threshold=30", str(UNIT))
    assert done.returncode == 0, done.stdout
    measured = re.search(r"exposure level for footnote\.service: ([\d.]+)", done.stdout)[1]
    if f"systemd {said[0]} " in analyzed("--version").stdout:
        assert measured == said[1]


def test_the_unit_calls_a_command_that_exists_and_keeps_everything_where_it_may_write():
    (called,) = re.findall(r"^ExecStart=/opt/footnote/bin/footnote (\w+)$", ALL[UNIT.name], flags=re.MULTILINE)
    assert called in dict(every_command(typer.main.get_command(application())))
    (library,) = re.findall(r"^Environment=FOOTNOTE_LIBRARY=(.*)$", ALL[UNIT.name], flags=re.MULTILINE)
    assert library.startswith("/var/lib/footnote/")
    assert "\nStateDirectory=footnote\n" in ALL[UNIT.name]
    assert f"\nSocketBindAllow=tcp:{Settings.model_fields['port'].default}\n" in ALL[UNIT.name]


# The container


def test_all_that_the_container_copies_calls_and_installs_exists():
    text = ALL[CONTAINER.name].replace("\\\n", " ")
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    copied = [
        one for line in re.findall(r"^COPY (?!--from)(.*)$", text, flags=re.MULTILINE) for one in line.split()[:-1]
    ]
    assert {"pyproject.toml", "assistant", "vectorstore"} <= set(copied)
    assert [one for one in copied if not (HOUSE / one).exists()] == []
    packages = re.search(r"^\[tool\.hatch\.build\.targets\.wheel\]\npackages = (\[.*\])$", project, flags=re.MULTILINE)[
        1
    ]
    assert set(ast.literal_eval(packages)) | {"articles", "README.md", "LICENSE", "NOTICE"} <= set(copied)
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', text)
    assert [one for one in extras.split(",") if not re.search(rf"^{one} = \[", project, flags=re.MULTILINE)] == []
    (entry,), (command,) = (
        json.loads(re.search(rf"^{word} (.*)$", text, flags=re.MULTILINE)[1]) for word in ("ENTRYPOINT", "CMD")
    )
    assert entry == "footnote"
    assert command in dict(every_command(typer.main.get_command(application())))
    assert re.search(r"^footnote = ", project, flags=re.MULTILINE)


def test_the_container_is_nobody_in_particular_and_looks_after_itself():
    text = ALL[CONTAINER.name].replace("\\\n", " ")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER footnote$", last, flags=re.MULTILINE)
    assert "--uid 10001" in last
    asked = json.loads(re.search(r"HEALTHCHECK .*?CMD (\[.*\])", last)[1])
    assert asked[0] == "python"
    compile(asked[2], "HEALTHCHECK", "exec")
    assert importlib.util.find_spec("urllib.request")
    (path,) = re.findall(r"127\.0\.0\.1:7860(/\w+)", asked[2])
    assert [route.scopes for route in ROUTES if route.path == path] == [()]
    (version,) = set(re.findall(r"^FROM python:(\d+\.\d+)", text, flags=re.MULTILINE))
    assert f'requires-python = ">={version}"' in (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
