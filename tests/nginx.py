"""A real nginx for as long as a block lasts, with the very configuration that deploy/nginx.conf gives to operators."""

import datetime
import grp
import http.server
import ipaddress
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NEEDS_NGINX = pytest.mark.skipif(NGINX is None, reason="no nginx here; install the distribution's `nginx-light`")
CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx.conf"
NAME = "intranet.localhost"  # which Chromium looks for on this machine

# What stands around the file on a real machine; nginx takes no notice of the user unless root runs the tests.
_AROUND = """
daemon off;
user {user} {group};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/footnote.conf;
}}
"""


@dataclass
class Nginx:
    """Where nginx listens, plainly and with TLS, and the certificate by which a client knows it."""

    plain: int
    port: int
    certificate: Path

    @property
    def address(self):
        return f"https://{NAME}:{self.port}"

    def client(self, path, *, local_address=None, **options):
        """Return a client of what lies below a path; it may come from another address of this machine."""
        here = _Here(verify=ssl.create_default_context(cafile=str(self.certificate)), local_address=local_address)
        return httpx.Client(base_url=self.address + path, transport=here, timeout=30, **options)


class _Here(httpx.HTTPTransport):
    """Finds NAME on this machine, which the resolvers of some systems do not."""

    def handle_request(self, request):
        address = request.url
        request.extensions["sni_hostname"] = address.host
        request.url = address.copy_with(host="127.0.0.1")
        try:
            return super().handle_request(request)
        finally:
            request.url = address  # by which the client keeps cookies


@contextmanager
def nginx(folder, footnote, *, sign_in=None, strips=False, header_seconds=10):
    """Run nginx in front of the ports of Footnote and of what signs people in; without that, nobody's name is sent.

    `strips` takes the path away before Footnote sees it. Nginx is given sockets that listen already, so that their
    ports are free ones.
    """
    with ExitStack() as stack:
        plain, secure = (stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024)) for _ in range(2))
        for listening in (plain, secure):
            listening.setblocking(False)  # as nginx makes its own: it accepts until there is nobody left
        made = Nginx(plain.getsockname()[1], secure.getsockname()[1], folder / "certificate.pem")
        _certify(made.certificate, folder / "key.pem")
        replaced = {
            "intranet.corp.example$request_uri": f"{made.address.partition('//')[2]}$request_uri",
            "/etc/ssl/certs/intranet.corp.example.pem": str(made.certificate),
            "/etc/ssl/private/intranet.corp.example.key": str(folder / "key.pem"),
            "intranet.corp.example": NAME,
            "listen 80;": f"listen 127.0.0.1:{made.plain};",
            "listen 443 ssl": f"listen 127.0.0.1:{made.port} ssl",
            "127.0.0.1:7860": f"127.0.0.1:{footnote}",
            "client_header_timeout 10s": f"client_header_timeout {header_seconds}s",
        }
        text = CONFIGURATION.read_text(encoding="utf-8")
        if sign_in is None:
            text = re.sub(r"# \[proxy\].*?# \[/proxy\]", "", text, flags=re.DOTALL)
        else:
            replaced["127.0.0.1:4180"] = f"127.0.0.1:{sign_in}"
        if strips:
            replaced["proxy_pass http://footnote;"] = "proxy_pass http://footnote/;"
        for old, new in replaced.items():
            assert old in text, f"{CONFIGURATION.name} does not say {old!r} any more"
            text = text.replace(old, new)
        (folder / "footnote.conf").write_text(text, encoding="utf-8")
        (folder / "nginx.conf").write_text(_around(folder), encoding="utf-8")
        command = [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        given = {
            "env": {**os.environ, "NGINX": f"{plain.fileno()};{secure.fileno()};"},
            "pass_fds": (plain.fileno(), secure.fileno()),
        }
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True, **given)
        assert tested.returncode == 0, tested.stderr
        process = subprocess.Popen(command, **given)
        try:
            assert httpx.get(f"http://127.0.0.1:{made.plain}/", timeout=30).status_code == 308
            yield made
        finally:
            process.terminate()
            assert process.wait(30) == 0, (folder / "error.log").read_text(encoding="utf-8")


@contextmanager
def signing_in():
    """Serve what auth_request asks, as oauth2-proxy does: the cookie `signed_in=NAME:GROUP,…` says who it is."""

    class SignIn(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = re.search(r"signed_in=([^;]*)", self.headers.get("cookie", ""))
            self.send_response(202 if found else 401)
            if found:
                name, _, groups = found[1].partition(":")
                self.send_header("X-Auth-Request-User", name)
                self.send_header("X-Auth-Request-Groups", groups)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SignIn) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _around(folder):
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    return _AROUND.format(folder=folder, user=user, group=group)


def _certify(certificate, key):
    """Write a certificate for NAME and this machine that signs itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(made, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
