"""The first use, from a folder to an answer in the browser, reaches for no network: whoever tries is found out."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from assistant.sample import sample_corpus

QUESTION = "What did Russia say about NATO troops?"

# Python runs this before anything else in every process that is given the folder it lies in, children too. An audit
# hook cannot be taken out again, and hears of a connection whichever way Python code makes it.
REFUSING = """
import ipaddress, os, sys

LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}

def is_loopback(host):
    if isinstance(host, bytes):
        host = host.decode()
    try:
        return host is None or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

def refuse(event, arguments):
    if event in LOOKUPS:
        reached = arguments[0]
    elif event in SENDING and isinstance(arguments[1], tuple):  # a str is a Unix socket's path
        reached = arguments[1][0]
    else:
        return
    if not is_loopback(reached):
        with open(os.environ["TRIED"], "a") as file:
            file.write(f"{event} {reached!r} by {sys.argv}\\n")
        raise OSError(f"{event} to {reached!r} is refused by the test")

sys.addaudithook(refuse)
"""

FIRST_USE = """
import sys
from assistant.cli import run
articles, library, question, port = sys.argv[1:]
for arguments in (["index", articles], ["search", question], ["ask", question]):
    if status := run([*arguments, "--json", "--library", library]):
        sys.exit(status)
sys.exit(run(["serve", "--json", "--library", library, "--port", port]))
"""


@pytest.fixture
def offline(tmp_path):
    """The environment of a process that can reach nobody, and the file in which it tells whom it tried."""
    (tmp_path / "refusing").mkdir()
    (tmp_path / "refusing" / "sitecustomize.py").write_text(REFUSING, encoding="utf-8")
    # An empty home: nothing that an earlier run has downloaded can help.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV")}
    paths = [str(tmp_path / "refusing"), *filter(None, sys.path)]
    return {**kept, "HOME": str(tmp_path), "TRIED": str(tmp_path / "tried"), "PYTHONPATH": os.pathsep.join(paths)}


def python(program, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('footnote.invalid', 443)",
        "socket.gethostbyname('footnote.invalid')",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(\"a.invalid\")'], check=True)",
    ],
)
def test_whoever_tries_to_reach_a_network_is_refused_and_found_out(offline, tmp_path, attempt):
    process = python(f"import socket, subprocess, sys; {attempt}", env=offline)
    _, err = process.communicate()
    assert process.returncode != 0
    assert "is refused by the test" in err
    assert len((tmp_path / "tried").read_text("utf-8").splitlines()) == 1


def test_the_first_use_reaches_for_no_network(offline, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = python(
        FIRST_USE, sample_corpus().resolve(), tmp_path / "library", QUESTION, port, env=offline, cwd=tmp_path
    )
    try:
        lines = [process.stdout.readline() for _ in range(4)]
        assert all(lines), process.communicate()[1]
        indexed, found, asked, served = map(json.loads, lines)
        assert len(indexed["added"]) == len(list(sample_corpus().glob("*.md")))
        assert found["hits"]
        assert (asked["state"], asked["answerer"]) == ("complete", "extractive")

        page = urllib.request.urlopen(served["address"]).read()
        assert b"Footnote" in page
        request = urllib.request.Request(
            f"{served['address']}api/ask",
            data=json.dumps({"question": QUESTION}).encode(),
            headers={"content-type": "application/json"},
        )
        answer = json.load(urllib.request.urlopen(request))
        assert (answer["text"], answer["claims"]) == (asked["text"], asked["claims"])

        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert process.returncode == 130, err
    finally:
        process.kill()
        process.communicate()
    # Compiled code is heard by no hook; what onnxruntime sends to its maker, it first keeps at home.
    assert not list(tmp_path.glob(".cache/Microsoft/**/*"))
    tried = tmp_path / "tried"
    assert not tried.exists(), tried.read_text("utf-8")
