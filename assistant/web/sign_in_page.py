"""The pages of signing in and out: whole in themselves, without a script, so that they need no way past the door."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

from fastapi.responses import HTMLResponse

from assistant.web.brand import Brand
from assistant.web.words import Words

STYLE = Path(__file__).parent / "static" / "style" / "sign_in.css"


@dataclass(frozen=True, slots=True)
class SignInPage:
    """What every page of signing in has: how the house looks, the reader's words, and where the application is."""

    brand: Brand
    words: Words
    root_path: str

    def form(self, next_path: str, *, wrong: bool = False, signed_out: bool = False) -> HTMLResponse:
        """Return the page that asks for an API key; `wrong` says that the last one was, `signed_out` that it worked."""
        fault = '<p role="alert" id="fault">' + self._said("sign_in.wrong_key") + "</p>" if wrong else ""
        told = f'<p role="status">{self._said("sign_in.signed_out")}</p>' if signed_out else ""
        marks = ' aria-invalid="true" aria-describedby="fault"' if wrong else ""
        return self._page(
            f'{fault}{told}<form method="post" action="{escape(self.root_path)}/sign-in">'
            # Without a name it is not sent; a password manager keeps the key under it.
            f'<input type="text" autocomplete="username" value="{escape(self.brand.title)}" hidden>'
            f'<label for="key">{self._said("sign_in.key")}</label>'
            '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus '
            f'spellcheck="false"{marks}>'
            f'<input name="next" type="hidden" value="{escape(next_path)}">'
            f"<button>{self._said('sign_in.do')}</button></form>",
            401 if wrong else 200,
        )

    def signed_out(self, way_in: str) -> HTMLResponse:
        """Return the page that says so, with a link to way_in: who has just left is not taken back in."""
        return self._page(
            f'<p role="status">{self._said("sign_in.signed_out")}</p>{self._link("sign_in.again", way_in)}'
        )

    def failed(self, key: str, status: int, request_id: str, way_in: str) -> HTMLResponse:
        """Return the page with the sentence of key, the number that the log knows more by, and a way to try again."""
        number = self._said("sign_in.number", number=request_id)
        return self._page(
            f'<p role="alert">{self._said(key)}</p><p class="number">{number}</p>{self._link("sign_in.do", way_in)}',
            status,
        )

    def _page(self, body: str, status: int = 200) -> HTMLResponse:
        notes, logo = self.brand.notes(), self.brand.logo
        style = STYLE.read_text(encoding="utf-8")
        if notes:
            light, dark = notes
            style += f":root{{--note:{light}}}@media(prefers-color-scheme:dark){{:root{{--note:{dark}}}}}"
        picture = f'<img alt="" src="data:{logo.media_type};base64,{_base64(logo.content)}">' if logo else ""
        title = escape(self.brand.title)
        page = (
            f'<!doctype html><html lang="{self.words.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
            f"<title>{self._said('sign_in.do')} · {title}</title><style>{style}</style></head>"
            f'<body><main>{picture}<h1 dir="auto">{title}</h1>{body}</main></body></html>'
        )
        return HTMLResponse(page, status, headers=_headers(style))

    def _link(self, key: str, address: str) -> str:
        return f'<a class="act" href="{escape(address)}">{self._said(key)}</a>'

    def _said(self, key: str, **values: str) -> str:
        return escape(self.words(key, **values))


def _headers(style: str) -> dict[str, str]:
    digest = _base64(sha256(style.encode()).digest())
    return {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-frame-options": "DENY",
        # With "no-referrer" a browser calls the origin of a form "null", and the door takes that for another site's.
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "vary": "accept-language, cookie",
    }


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
