"""How answers, hits, checked texts and reports look in a terminal; all text of documents is shown as plain text."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from assistant.plain import also
from assistant.types import Answer, Citation, Claim, Claimed, Delta, Event, Finished, Rewritten, VerdictName
from vectorstore.text import normalise, one_line
from vectorstore.types import Document, Hit, notice_of

if TYPE_CHECKING:
    from assistant.check import Checked
    from assistant.doctor import Finding
    from vectorstore.report import Progress, Report

_VERDICTS: dict[VerdictName, tuple[str, str]] = {
    "supported": ("✓ supported", "green"),
    "partly_supported": ("◐ partly supported", "yellow"),
    "unsupported": ("✗ not supported", "red"),
    "uncited": ("? cites nothing", "red"),
    "unchecked": ("? not checked", "yellow"),
}
_FINDINGS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "broken": ("✗", "red")}
_SKIPPED_SHOWN = 20
_NOTES_SHOWN = 20
_DISAGREEMENT_SHOWN = 600  # characters of what it is about: a claim and some names
_NEAREST_SHOWN = 240  # characters of a passage that answers nothing


class Terminal(Console):
    """A console that takes no markup from the text it prints."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False)

    def show(self, text: Text, *, indent: int = 0, mark: str = "") -> None:
        """Print text wrapped; all lines are indented, and the first has the mark in its indent."""
        for line in text.wrap(self, max(20, self.width - indent)):
            line.rstrip()
            self.print(Text(f"{mark:<{indent}}" if line else "", "cyan").append(line), soft_wrap=True)
            mark = ""

    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the command line, as every other output does."""
        raise BrokenPipeError


def show_growing(events: AsyncIterator[Event], terminal: Terminal) -> Answer:
    """Show an answer while it grows, then the whole of it with its footnotes; return it.

    What nobody has checked yet is dim, and only shown where it can be taken back: in a terminal, not in a pipe.
    """
    answer = asyncio.run(_watch(events, terminal))
    show_answer(answer, terminal)
    return answer


def show_answer(answer: Answer, terminal: Terminal) -> None:
    """Show a finished answer: its text with the verdict of what is not supported, reasons, footnotes."""
    if answer.state == "abstained":
        _show_abstention(answer, terminal)
        return
    terminal.show(_text(answer) if answer.claims else Text(normalise(answer.text)))
    if answer.notice:
        terminal.show(Text(f"\n{normalise(answer.notice)}", "yellow"))
    for claim in answer.claims:
        if claim.judgement.verdict != "supported":
            about = f": “{one_line(claim.text, longest=80)}”"
            terminal.show(Text("\n").append(_verdict(claim.judgement.verdict)).append(about))
            _show_reasons(claim.judgement.reasons, terminal)
    for disagreement in answer.disagreements:
        numbers = "".join(f"[{number}]" for number in disagreement.citations)
        about = one_line(disagreement.about, longest=_DISAGREEMENT_SHOWN)
        terminal.show(Text(f"\n≠ The sources disagree: {about} ", "yellow").append(numbers, "cyan"))
    for citation in answer.citations:
        terminal.print()
        terminal.show(_footnote(citation, normalise(citation.quote)), indent=5, mark=f"[{citation.number}]")


def show_hits(hits: Sequence[Hit], terminal: Terminal) -> None:
    """Show passages, best first, and why each was found."""
    if notice := notice_of(hits):
        terminal.show(Text(f"{notice}\n", "yellow"))
    if not hits:
        terminal.show(Text("No passage was found."))
    for number, hit in enumerate(hits, start=1):
        if number > 1:
            terminal.print()
        terminal.show(Text(_origin(hit.document), "bold"), indent=4, mark=f"{number}.")
        terminal.show(Text(normalise(hit.text)), indent=4)
        words = f" ({', '.join(one_line(word) for word in hit.why.words)})" if hit.why.words else ""
        why = (
            f"score {hit.score:.2f} · words {hit.why.lexical:.2f}{words}"
            f" · meaning {hit.why.dense:.2f} (cosine {hit.why.cosine:.2f})"
        )
        position = _position(hit.document, hit.passage.span.start, hit.passage.span.end)
        terminal.show(Text(f"{why}\n{position}", "dim"), indent=4)


def show_checked(checked: Iterable["Checked"], terminal: Terminal) -> tuple["Checked", ...]:
    """Show each sentence as soon as it is judged, with its best source; return them all."""
    shown = []
    for one in checked:
        shown.append(one)
        terminal.show(_verdict(one.judgement.verdict).append(f": {normalise(one.text)}", "default"))
        _show_reasons(one.judgement.reasons, terminal)
        for citation in one.citations:
            terminal.show(_footnote(citation, normalise(citation.quote)), indent=4)
        terminal.print()
    supported = sum(one.judgement.verdict == "supported" for one in shown)
    terminal.show(Text(f"{supported} of {len(shown)} sentences are supported."))
    return tuple(shown)


def show_report(report: "Report", terminal: Terminal) -> None:
    """Show what an index run did."""
    for kind in ("added", "changed", "moved", "removed", "unchanged", "skipped"):
        terminal.show(Text(f"{kind:<10}{len(getattr(report, kind)):>8,}"))
    for skipped in report.skipped[:_SKIPPED_SHOWN]:
        line = f"{one_line(skipped.source)}: {skipped.reason}, {one_line(skipped.detail)}"
        terminal.show(Text(line, "yellow"), indent=4)
    if len(report.skipped) > _SKIPPED_SHOWN:
        terminal.show(Text(f"and {len(report.skipped) - _SKIPPED_SHOWN:,} more; `footnote doctor` lists all"), indent=4)
    embedded = f"{report.embedded:,} embedded, {report.reused:,} reused"
    terminal.show(Text(f"{'passages':<10}{report.passages:>8,}  ({embedded})"))
    spent = asdict(report.seconds)
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in spent.items())
    terminal.show(Text(f"{'seconds':<10}{sum(spent.values()):>8,.1f}  ({stages})"))
    for note in report.notes[:_NOTES_SHOWN]:
        terminal.show(Text(one_line(note, longest=400)))
    if len(report.notes) > _NOTES_SHOWN:
        terminal.show(Text(f"and {len(report.notes) - _NOTES_SHOWN:,} more notes; `--json` gives all"))


def show_findings(findings: Sequence["Finding"], terminal: Terminal) -> None:
    """Show what `footnote doctor` found."""
    for finding in findings:
        mark, style = _FINDINGS[finding.state]
        terminal.show(Text(f"{mark} {finding.name}: ", style).append(normalise(finding.detail), "default"))


@contextmanager
def progress_bar(terminal: Terminal) -> Iterator[Callable[["Progress"], None]]:
    """Show a bar for each stage of an index run; nothing is printed where there is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:
        tasks = {}

        def on_progress(progress: "Progress") -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(progress.stage, total=None)
            bars.update(tasks[progress.stage], completed=progress.done, total=progress.total or None)

        yield on_progress


async def _watch(events: AsyncIterator[Event], terminal: Terminal) -> Answer:
    """Return the answer that events end with; in a terminal, show it while it grows and take that back."""
    checked, unchecked = Text(), ""
    answer: Answer | None = None
    live = Live(console=terminal, transient=True, vertical_overflow="ellipsis", auto_refresh=False)
    with live if terminal.is_terminal else nullcontext():
        async with aclosing(events) as stream:  # type: ignore[type-var]  # an async generator, declared as an iterator
            async for event in stream:
                if isinstance(event, Claimed):
                    _append(checked, event)
                    unchecked = ""
                elif isinstance(event, Rewritten):
                    checked, unchecked = Text(), ""
                    for claimed in event.claimed:
                        _append(checked, claimed)
                elif isinstance(event, Delta):
                    unchecked += event.text
                elif isinstance(event, Finished):
                    answer = event.answer
                live.update(checked + Text(normalise(unchecked), "dim"), refresh=terminal.is_terminal)
    if answer is None:
        raise RuntimeError("a stream ends with Finished")
    return answer


def _append(text: Text, event: Claimed) -> None:
    text.append(normalise(event.lead)).append(_claim(event.claim)).append(event.markers, "cyan")


def _show_abstention(answer: Answer, terminal: Terminal) -> None:
    searched = answer.searched
    terminal.show(Text("∅ no answer: ", "yellow").append(normalise(answer.text), "default"))
    if answer.notice:
        terminal.show(Text(normalise(answer.notice), "yellow"))
    restricted = " within the filters" if searched.filters else ""
    looked = f"Looked for “{one_line(searched.query)}” and read {searched.passages} passages{restricted}."
    terminal.show(Text(looked, "dim"))
    if searched.nearest:
        terminal.show(Text("\nThe nearest passages:"))
    for citation in searched.nearest:
        terminal.print()
        terminal.show(_footnote(citation, one_line(citation.quote, longest=_NEAREST_SHOWN)), indent=4)


def _show_reasons(reasons: Sequence[str], terminal: Terminal) -> None:
    for reason in reasons:
        terminal.show(Text(normalise(reason), "yellow"), indent=4)


def _text(answer: Answer) -> Text:
    shown, position = Text(), 0
    for claim in answer.claims:
        shown.append(normalise(answer.text[position : claim.span.start]), "cyan").append(_claim(claim))
        position = claim.span.end
    return shown.append(normalise(answer.text[position:]), "cyan")


def _claim(claim: Claim) -> Text:
    text = Text(normalise(claim.text))
    if claim.judgement.verdict != "supported":
        text.append(" (").append(_verdict(claim.judgement.verdict)).append(")")
    return text


def _verdict(verdict: VerdictName) -> Text:
    return Text.assemble(_VERDICTS[verdict])


def _footnote(citation: Citation, quote: str) -> Text:
    """Return a footnote: the quote, who says it, where it stands."""
    marked = quote if quote.startswith(("“", '"', "„", "«")) else f"“{quote}”"
    said = f"{one_line(citation.speaker)}, in: " if citation.speaker else ""
    text = Text(f"{marked}\n{said}{_origin(citation.document)}\n")
    if citation.also:
        text.append(f"{also(citation)}\n")
    return text.append(_position(citation.document, citation.span.start, citation.span.end), "dim")


def _origin(document: Document) -> str:
    day = document.published.isoformat() if document.published else None
    return ", ".join(one_line(part) for part in (document.title or document.source, document.outlet, day) if part)


def _position(document: Document, start: int, end: int) -> str:
    place = document.place(start)
    where = f" · {one_line(place)}" if place and place != document.title else ""
    return f"{one_line(document.source)}{where} · characters {start}–{end}"
