"""Read a model's reply while it comes in: finished sentences, each with the evidence whose ids it cites."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assistant.types import Draft, Evidence
from vectorstore.blocks import trim
from vectorstore.sentences import sentence_spans
from vectorstore.types import Span


class MarkerParser:
    """Turns the pieces of one reply into drafts; however the reply is cut into pieces, the same drafts come out.

    A marker is [S1], as the prompt asks for, or what models make of it: 【S1】, (S1), [s1, S3], [S1-S3], before or
    after the full stop. Markers leave the text. One at the start of a line belongs to the sentence that follows on
    that line, any other to the sentence before it. No sentence runs over the end of a line; a row of a table and a
    line between code fences are one sentence each; the fences go, an answer is plain text. Ids that are not among
    `shown` end up in `invented`, except that (S3) stays text if S3 was not shown: it may be the name of a thing.

    A part of a sentence that ends with a marker before a semicolon or before ", while" is a draft by itself, since it
    has citations of its own; a "No." goes with the sentence that says why.

    A bare number in square brackets, [1] or [2, 3], names no evidence and is dropped too: in an answer the reader
    would take it for one of our footnotes. From four digits on, [2019], it is text.
    """

    def __init__(self, shown: Sequence[Evidence]) -> None:
        self._shown = {one.id: one for one in shown}
        self._settled = ""  # begins where the last draft ended, ends where sentences were last looked for
        self._ahead = ""
        self._fenced = False  # whether a code fence is open where _settled begins

    @property
    def pending(self) -> str:
        """What has come since the last draft, as a reader may see it: no marker and nothing that may become one."""
        return self._read(self._settled + self._ahead).text.rstrip()

    def feed(self, piece: str) -> list[Draft]:
        """Return the drafts that are finished now that piece has come, in text order."""
        # Looking only after white space, and after the full stops of scripts that have none, makes the outcome
        # independent of how the reply was cut.
        *steps, rest = _STEP.split(piece)
        drafts = []
        for step in steps:
            self._settled, self._ahead = self._settled + self._ahead + step, ""
            drafts += self._take(keep=1)  # the last sentence may go on, or its marker may still come
        self._ahead += rest
        return drafts

    def finish(self) -> list[Draft]:
        """Return the drafts that are left; half a marker at the end of the reply is none."""
        self._settled, self._ahead = self._settled + self._ahead, ""
        return self._take(keep=0)

    def _take(self, *, keep: int) -> list[Draft]:
        """Return the drafts of all sentences but the last keep, and forget their characters."""
        reading = self._read(self._settled)
        sentences = _sentences(reading)
        finished = sentences[: len(sentences) - keep]
        drafts = []
        end = 0
        for sentence in finished:
            lead = reading.text[end : sentence.span.start]
            drafts.append(self._draft(sentence.span.of(reading.text), lead, sentence.ids))
            end = sentence.span.end
        if finished:
            self._fenced = reading.is_fenced(finished[-1].span.start)
            self._settled = self._settled[max(reading.origins[end], finished[-1].markers_end) :]
        return drafts

    def _draft(self, text: str, lead: str, ids: Sequence[str]) -> Draft:
        distinct = tuple(dict.fromkeys(ids))
        evidence = tuple(self._shown[one] for one in distinct if one in self._shown)
        return Draft(text, evidence, lead, tuple(one for one in distinct if one not in self._shown))

    def _read(self, raw: str) -> "_Reading":
        """Return raw without its markers and fences, and without an end that may become a marker."""
        if tail := _HALF_MARKER.search(raw, max(0, len(raw) - _LONGEST_MARKER)):
            raw = raw[: tail.start()]
        reading = _Reading(self._fenced)
        done = 0
        for match in _MARK.finditer(raw):
            if match["fence"] is not None:
                reading.append(raw, done, match.start())
                reading.fences.append(len(reading.text))
                done = match.end()
            elif (ids := self._ids(match)) is not None:
                reading.append(raw, done, match.start())
                done = reading.mark(raw, ids, match.end())
        reading.append(raw, done, len(raw))
        reading.origins.append(len(raw))
        return reading

    def _ids(self, match: re.Match[str]) -> tuple[str, ...] | None:
        """Return the ids of a marker, none for a bare number, and None if match is no marker but text."""
        body = match["square"] or match["round"]
        tokens = _TOKEN.findall(body)
        if "".join(tokens) != body:
            return None
        if not any(token[0] in "Ss" for token in tokens):
            return None if any(len(token) > 3 for token in tokens if token.isdigit()) else ()
        ids: list[str] = []
        upto = False
        for token in tokens:
            if token in _DASHES:
                upto = bool(ids)
            elif token[-1].isdigit():
                number = int(token.lstrip("Ss"))
                if upto:
                    ids += self._between(int(ids[-1][1:]), number)
                ids.append(f"S{number}")
                upto = False
        if match["round"] and not all(one in self._shown for one in ids):
            return None
        return tuple(ids)

    def _between(self, first: int, last: int) -> list[str]:
        # Of what was shown only: a model that writes [S1-S99999] has not cited a hundred thousand sentences.
        numbers = sorted(int(one[1:]) for one in self._shown)
        return [f"S{number}" for number in numbers if first < number < last]


def defuse(text: str) -> str:
    """Return text on one line, with full-width brackets round whatever a reply could repeat and so cite by accident.

    For everything that goes into a prompt and is not ours: a document's "[S3]" becomes "［S3］", and its "[1]" "［1］".
    """
    return _LIKE_MARKER.sub(lambda match: match.group().translate(_WIDE), " ".join(text.split()))


_DASHES = "–—-"
_ID = r"[Ss]?[0-9]{1,5}"
_TOKEN = re.compile(rf"{_ID}|and|[{_DASHES}]|[,;&\s]+")
_MORE = rf"(?:[Ss0-9,;&\s{_DASHES}]|and)"
_COMMA = r"(?:(?<=[\]】])[ \t]*[,;][ \t]*)?"  # of "[S1], [S3]"
_MARK = re.compile(
    rf"{_COMMA}[\[【]{{1,2}}\^?\s*(?P<square>{_ID}{_MORE}{{0,200}})[\]】]{{1,2}}"
    rf"|\(\s*(?P<round>[Ss][0-9]{{1,5}}{_MORE}{{0,200}})\)"
    r"|(?P<fence>^[ \t]*(?:```|~~~)[^`\n]*(?:\n|\Z))",
    re.MULTILINE,
)
_LONGEST_MARKER = 250  # characters; looking further back for its beginning would make long lines slow
_HALF_MORE = rf"{_MORE}{{0,200}}(?:an?)?"
_HALF_MARKER = re.compile(
    rf"{_COMMA}(?:[\[【]{{1,2}}(?:\^?\s{{0,9}}(?:[Ss]|{_ID}{_HALF_MORE})?)?)?\Z"
    rf"|\(\s{{0,9}}(?:[Ss](?:[0-9]{{1,5}}{_HALF_MORE})?)?\Z"
)
_LIKE_MARKER = re.compile(r"[\[【]+[\s^]*[Ss]?[0-9][^\[\]【】()]{0,200}[\]】]*|\(\s*[Ss][0-9][^\[\]【】()]{0,200}\)?")
_WIDE = str.maketrans("[]【】()", "［］［］（）")
_STEP = re.compile(r"(?<=[\s。！？])")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LIST = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|[0-9]{1,2}[.)])\s+)*")
_BRIEF = re.compile(r"(?:yes|no|not exactly|not quite|correct|indeed|partly)[.!]", re.IGNORECASE)
_NEXT_CLAUSE = re.compile(r"\s*(?:;\s+\S|,\s+(?:while|whereas|whilst)\s+\S)", re.IGNORECASE)
_CLAUSE_SIGN = re.compile(r"\s*[;,]\s+")
_FULL_STOP = re.compile(r"""[.!?…。！？]["'”’»」)\]*_]*\Z""")


@dataclass(frozen=True, slots=True)
class _Marker:
    """Ids that stood at position of a reading's text; `end` is where the marker ended in the reply."""

    position: int
    ids: tuple[str, ...]
    end: int


@dataclass(slots=True)
class _Reading:
    """The text of a reply as a reader sees it, and where its characters, markers and fences stood."""

    starts_fenced: bool
    text: str = ""
    origins: list[int] = field(default_factory=list)  # for each character its place in the reply, and its end
    markers: list[_Marker] = field(default_factory=list)
    fences: list[int] = field(default_factory=list)

    def append(self, raw: str, start: int, end: int) -> None:
        self.text += raw[start:end]
        self.origins += range(start, end)

    def mark(self, raw: str, ids: tuple[str, ...], end: int) -> int:
        """Note a marker here; return where to go on in raw. White space before it goes with it."""
        kept = len(self.text.rstrip(" \t"))
        self.text = self.text[:kept]
        del self.origins[kept:]
        self.markers.append(_Marker(kept, ids, end))
        following = raw[end : end + 1]
        if kept == 0 or self.text[-1] == "\n":
            return end + len(raw[end:]) - len(raw[end:].lstrip(" \t"))
        if following.isalnum():
            self.text += " "
            self.origins.append(end)
        return end

    def is_fenced(self, position: int) -> bool:
        return self.starts_fenced ^ (sum(fence <= position for fence in self.fences) % 2 == 1)


@dataclass(slots=True)
class _Sentence:
    span: Span
    ids: list[str] = field(default_factory=list)
    markers_end: int = 0


def _sentences(reading: _Reading) -> list[_Sentence]:
    """Return the sentences of a reading in order, each with the ids of its markers."""
    sentences = [
        _Sentence(span)
        for line in _LINE.finditer(reading.text)
        for span in _line_sentences(reading, Span(*line.span()))
        if any(map(str.isalnum, span.of(reading.text)))
    ]
    for marker in reading.markers:
        if owner := _owner(reading.text, sentences, marker.position):
            owner.ids += marker.ids
            owner.markers_end = max(owner.markers_end, marker.end)
    return sentences


def _line_sentences(reading: _Reading, line: Span) -> Iterator[Span]:
    """Yield the sentences of one line; whatever stands between them is lead."""
    text = line.of(reading.text)
    if reading.is_fenced(line.start) or text.lstrip().startswith("|"):
        yield trim(reading.text, line.start, line.end)
        return
    markup = _LIST.match(text)
    cuts = [markup.end() if markup else 0]
    for marker in reading.markers:
        at = marker.position - line.start
        if not cuts[-1] < at < len(text):
            continue
        # A marker right after a full stop says that this was one, whatever the splitter thinks of "U.S. [S1] Then".
        stopped = _FULL_STOP.search(text[:at]) and not text[at:].lstrip()[:1].islower()
        if stopped or _NEXT_CLAUSE.match(text, at):
            cuts.append(at)
    for start, end in pairwise([*cuts, len(text)]):
        begun = None  # "No." is for the sentence that says why
        for span in sentence_spans(text[start:end]):
            if begun is None:
                begun = span.start
            if _BRIEF.fullmatch(text[start:end], begun, span.end) and span.end < end - start:
                continue
            sign = _CLAUSE_SIGN.match(text, start + begun, start + span.end)
            yield Span(line.start + (sign.end() if sign else start + begun), line.start + start + span.end)
            begun = None
        if begun is not None:
            yield trim(reading.text, line.start + start + begun, line.start + end)


def _owner(text: str, sentences: Sequence[_Sentence], position: int) -> _Sentence | None:
    """Return the sentence that a marker at position belongs to; None while there is no sentence at all."""
    index = bisect_left(sentences, position, key=lambda one: one.span.start)
    before = sentences[index - 1] if index else None
    after = sentences[index] if index < len(sentences) else None
    if before and (after is None or "\n" not in text[before.span.start : position]):
        return before
    if after and "\n" not in text[position : after.span.start]:
        return after
    return before or after
