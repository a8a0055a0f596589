import pytest
from pydantic import ValidationError

from assistant.settings import Settings
from assistant.web.headers import security_headers
from assistant.web.routes import Route, find_route

EMBED = find_route("GET", "/embed")
PAGE = find_route("GET", "/")


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://*.corp.example",
        "corp.example",
        "https://corp.example/",
        "https://corp.example; script-src *",
        "https://corp.example\nx: y",
        "javascript://x",
        "null",
        "https://CORP.example",
    ],
)
def test_an_origin_is_written_as_browsers_write_it_and_never_stands_for_many(origins):
    with pytest.raises(ValidationError):
        Settings(_env_file=None, origins=origins)


def test_origins_are_written_with_commas_between_them():
    settings = Settings(_env_file=None, origins=" https://a.example,http://localhost:8080 , http://[::1]:80")
    assert settings.origins == ("https://a.example", "http://localhost:8080", "http://[::1]:80")


def ancestors(route, *origins):
    policy = security_headers(route, origins)["content-security-policy"]
    return next(part for part in policy.split("; ") if part.startswith("frame-ancestors"))


def test_only_the_page_that_is_meant_for_it_may_be_framed_and_only_by_listed_origins():
    assert isinstance(EMBED, Route)
    assert ancestors(EMBED, "https://a.example") == "frame-ancestors 'self' https://a.example"
    assert ancestors(EMBED) == "frame-ancestors 'self'"
    assert ancestors(PAGE, "https://a.example") == "frame-ancestors 'self'"
    assert security_headers(PAGE, ())["x-frame-options"] == "SAMEORIGIN"
    assert "x-frame-options" not in security_headers(EMBED, ())


def test_only_the_script_for_other_pages_may_be_loaded_by_them():
    shared = [
        path
        for path in ("/embed.js", "/embed", "/", "/api/ask", "/footnote/style/page.css")
        if security_headers(found if isinstance(found := find_route("GET", path), Route) else None, ())[
            "cross-origin-resource-policy"
        ]
        == "cross-origin"
    ]
    assert shared == ["/embed.js"]
