"""Web pages: the article without the page around it, and what the page says about itself."""

import datetime
import json
import re
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.dates import read_day, stated_day
from vectorstore.loaders.decode import read_text
from vectorstore.loaders.front_matter import FrontMatter, language_of, web_address
from vectorstore.loaders.titles import title_of
from vectorstore.loaders.visible import remove_hidden
from vectorstore.text import normalise, one_line
from vectorstore.types import Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]  # lxml ships no types


def load_html(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the article of a web page as a document, as `read_html` reads it.

    Raises:
        SkippedFile: as `decode` and `read_html` do.
    """
    yield read_html(read_text(raw, source=source, on_note=on_note, declared=declared_encoding(raw)), source=source)


def read_html(text: str, *, source: str) -> Document:
    """Return the page's article as a document; text that the page hides is not in it.

    Nothing is fetched. A page without an article (a list of telephone numbers on the intranet) gives its whole body
    but navigation, header, footer and forms.

    Raises:
        SkippedFile: "no_article" if nothing to read is left, or the page is nested too deep to be read whole.
    """
    tree = parse(normalise(text))
    about, is_article = _about(tree), _is_article(tree)
    remove_hidden(tree)
    written = _article(tree, is_article=is_article)
    if not written.text:
        raise SkippedFile("no_article", "the page has no text to read besides its navigation")
    return Document(
        source=source,
        title=about.title or title_of(written, source=source),
        text=written.text,
        published=about.published or stated_day(written.text),
        outlet=about.outlet,
        author=about.author,
        url=about.url,
        language=about.language,
        landmarks=written.landmarks,
    )


def read_whole(text: str) -> blocks.Written:
    """Return all text of a page that is shown, with its headings: for mail and books, which have no menus around.

    Raises:
        SkippedFile: as `parse` does.
    """
    tree = parse(normalise(text))
    remove_hidden(tree)
    body = tree.find("body")
    return blocks.write(tree if body is None else body)


def declared_encoding(raw: bytes) -> str | None:
    """Return the encoding that a page names in its first 4,096 bytes, if it does."""
    match = _CHARSET.search(raw[:4096])
    return match[1].decode("ascii") if match else None


def parse(text: str) -> "HtmlElement":
    """Return the tree of an HTML text, read without the network.

    Raises:
        SkippedFile: "no_article" if there is no element, or if libxml2 gave up at one of its limits (elements nested
            256 deep, 10 MB of text in one piece): it drops the rest of the page without a word.
    """
    from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

    parser = html.HTMLParser(huge_tree=False, no_network=True, encoding="utf-8")
    try:
        tree: HtmlElement = html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError:
        raise SkippedFile("no_article", "the page is empty") from None
    if any(entry.level == etree.ErrorLevels.FATAL for entry in parser.error_log):
        raise SkippedFile("no_article", "the page is nested too deep, or has over 10 MB of text in one piece")
    return tree


_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_MOST_STEPS = 200_000  # elements times their depth; an ordinary page has a tenth; trafilatura takes about 20 s for it
_LONGEST_EXTRACTED = 1_000_000  # characters
_AROUND = ("nav", "footer", "aside", "form", "button", "menu", "head")
_AROUND_ROLES = frozenset("navigation banner contentinfo search complementary menu menubar dialog alertdialog".split())
_AROUND_NAMES = re.compile(
    r"(?:^|[\s_-])(?:(?:top|main|side|sub|site|page)?(?:nav|navbar|navigation|menu|footer|header|sidebar)|breadcrumbs?"
    r"|cookies?|consent|gdpr|skip|share|sharing|social|related|newsletter|subscribe|advert\w*|ads?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LARGEST_MENU = 500  # elements
_LINKED = ("ul", "ol", "div", "p", "td", "section", "center", "span")


def _article(tree: "HtmlElement", *, is_article: bool) -> blocks.Written:
    """Return the text of the page's article, and of a page that is none the text of its body.

    trafilatura finds the article among menus, but on a page of rules or telephone numbers it loses tables, lists and
    short lines. So there its text only shows how much of the body is worth reading: where that is about all, the body
    is read.
    """
    from trafilatura import bare_extraction

    found = None if _is_large(tree) else bare_extraction(tree, include_comments=False, config=_configuration())
    extracted = getattr(found, "body", None)  # its declared type allows a dict, which it no longer returns
    article = blocks.Written("", ()) if extracted is None else blocks.write(extracted)
    if is_article and article.text:
        return article
    whole = _body(tree)
    about_all = len(whole.text) <= 2 * len(article.text) + 500
    return whole if about_all or not article.text else article


def _is_large(tree: "HtmlElement") -> bool:
    """Return whether trafilatura would take too long here: it climbs from every element to the root many times."""
    from lxml import etree

    depth = steps = characters = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        steps += depth
        characters += len((element.text if event == "start" else element.tail) or "")
        if steps > 2 * _MOST_STEPS or characters > _LONGEST_EXTRACTED:  # twice, as each element is met twice
            return True
    return False


def _configuration() -> ConfigParser:
    """Return trafilatura's settings, without its rescue of short pages: it runs a whole page into one line."""
    from trafilatura.settings import use_config

    settings = use_config()
    settings.set("DEFAULT", "MIN_EXTRACTED_SIZE", "1")
    return settings


def _body(tree: "HtmlElement") -> blocks.Written:
    """Write the page's body, having removed from the tree what stands around a page's own text."""
    for element in list(tree.iterdescendants()):
        if element.getparent() is not None and _stands_around(element):
            element.drop_tree()
    body = tree.find("body")
    return blocks.write(tree if body is None else body)


def _stands_around(element: "HtmlElement") -> bool:
    if element.tag in _AROUND or (element.get("role") or "").lower() in _AROUND_ROLES:
        return True
    if element.tag in ("body", "main", "article", "h1"):
        return False
    if any(_AROUND_NAMES.search(element.get(name) or "") for name in ("class", "id")):
        return True
    if element.tag == "header":
        return not any(True for _ in element.iterancestors("article", "main"))
    return element.tag in _LINKED and _is_all_links(element)


def _is_all_links(element: "HtmlElement") -> bool:
    """Return whether there are two links or more here and nearly nothing else: a menu."""
    parts = list(islice(element.iter(), _LARGEST_MENU + 1))
    links = [part for part in parts if part.tag == "a"]
    if len(links) < 2 or len(parts) > _LARGEST_MENU:  # the second keeps deep nesting from costing quadratic time
        return False
    linked, all_text = ("".join(text for part in some for text in part.itertext()) for some in (links, [element]))
    return sum(map(str.isalnum, linked)) >= 0.8 * sum(map(str.isalnum, all_text))


def _about(tree: "HtmlElement") -> FrontMatter:
    """Return what the page says about itself, in its metadata and its byline."""
    from trafilatura import extract_metadata

    head = deepcopy(tree.find("head")) if _is_large(tree) else tree
    about = extract_metadata(
        tree.makeelement("html") if head is None else head, date_config={"extensive_search": False}, extensive=False
    )
    return FrontMatter(
        title=_line(about.title),
        outlet=_line(about.sitename),
        author=_line(about.author.replace(";", ",") if about.author else None),
        published=_published(tree),
        url=web_address(about.url),
        language=_language(tree),
    )


def _language(tree: "HtmlElement") -> str | None:
    """Return the language that the page's own element names, else the first of its meta elements that does."""
    said = [tree.get("lang"), tree.get("xml:lang")]
    for name in ("content-language", "og:locale"):
        said += [
            meta.get("content")
            for meta in tree.iter("meta")
            if (meta.get("http-equiv") or meta.get("property") or "").lower() == name
        ]
    return next(filter(None, map(language_of, said)), None)


def _is_article(tree: "HtmlElement") -> bool:
    """Return whether the page says that it is one article: with the element, to Facebook or to search engines."""
    return (
        sum(1 for _ in tree.iter("article")) == 1
        or any(meta.get("content") == "article" for meta in tree.iter("meta") if meta.get("property") == "og:type")
        or any(_ARTICLE.search(str(thing.get("@type"))) for thing in _json_ld(tree))
    )


def _line(value: str | None) -> str | None:
    return (one_line(value) or None) if value else None


def _published(tree: "HtmlElement") -> datetime.date | None:
    """Return the day from JSON-LD, else from the page's meta elements, else from the article's first <time>.

    htmldate is not asked: without its "extensive search" too it takes a number in the text for the date.
    """
    said = [*(thing.get("datePublished") for thing in _json_ld(tree)), *_meta_days(tree), *_time_days(tree)]
    return next((day for value in said if (day := read_day(value)) is not None), None)


_META_DAYS = (
    "article:published_time article:published og:published_time og:article:published_time datepublished"
    " dc.date.issued dcterms.issued dc.date dcterms.date dcterms.created dc.date.created citation_publication_date"
    " citation_date parsely-pub-date sailthru.date cxenseparse:recs:publishtime pubdate publishdate publish-date"
    " publish_date publication_date date"
).split()


_ARTICLE = re.compile("Article|Posting|Report")


def _json_ld(tree: "HtmlElement") -> list[dict[str, object]]:
    """Return the things that the page's JSON-LD is about, articles first; not what these mention."""
    things = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            try:
                found = json.loads(script.text or "")
            except (ValueError, RecursionError):  # broken JSON-LD is common, and says nothing
                continue
            outer = _dicts(found if isinstance(found, list) else [found])
            things += outer + [thing for graph in outer for thing in _dicts(graph.get("@graph"))]
    return sorted(things, key=lambda thing: not _ARTICLE.search(str(thing.get("@type"))))


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _meta_days(tree: "HtmlElement") -> Iterator[object]:
    said: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        said.setdefault(name.strip().lower(), element.get("content") or "")
    yield from (said[name] for name in _META_DAYS if name in said)


def _time_days(tree: "HtmlElement") -> Iterator[object]:
    times = [time for time in tree.iter("time") if not any(True for _ in time.iterancestors("nav", "aside", "footer"))]
    marked = [time for time in times if time.get("pubdate") is not None or time.get("itemprop") == "datePublished"]
    inside = [time for time in times if any(True for _ in time.iterancestors("article", "main"))]
    for time in (marked + inside + (times if len(times) == 1 else []))[:1]:
        yield time.get("datetime") or time.text_content()
