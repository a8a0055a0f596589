"""A report as one page that needs nothing else: for a person who wants to see why."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

from evals.reports.charts import difference_chart, interval_chart
from evals.reports.html_case import FLIPS, STATES, case_html
from evals.reports.markup import anchor, aside, fold, named, text
from evals.reports.phrases import (
    Flip,
    changes,
    count,
    flips,
    flips_line,
    holding_line,
    interval,
    meta_line,
    number,
    state_of,
    tally_line,
    value_of,
    verdict,
)
from evals.types import Change, GateResult, Judged, Measure, Report

_UNFOLDED = 10  # cases that did not pass and are open at first; with more of them, a list is what one wants to see
_HEADINGS = {0: "passed", 1: "failed", 2: "unjudged"}


def report_html(report: Report) -> str:
    """Return the page: the same for equal reports, with no request to any server and no script but its own."""
    style = files("evals.reports").joinpath("page.css").read_text(encoding="utf-8")
    script = files("evals.reports").joinpath("page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    body = "".join(
        (
            _headline(report),
            _gates(report.gates),
            _measures(report),
            _since(report),
            _kinds(report.judged),
            _cases(report),
            _basis(report),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(report.suite)}: {text(verdict(report))} · Footnote</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _hash(source: str) -> str:
    return b64encode(sha256(source.encode("utf-8")).digest()).decode("ascii")


def _headline(report: Report) -> str:
    since = (
        f'<p class="what">Since the baseline: {text(flips_line(report.comparison))}.</p>' if report.comparison else ""
    )
    said = verdict(report)
    holding = f"{holding_line(report.gates)}; " if any(gate.passed for gate in report.gates) else ""
    return (
        f'<header><p class="brand"><b>Footnote</b> {aside(report.suite)}</p>'
        f'<h1 class="{_HEADINGS[report.exit_code]}">{text(said[:1].upper() + said[1:])}</h1>'
        f'<p class="what">{holding}{text(tally_line(report))}.</p>{since}</header>\n'
    )


def _gates(gates: tuple[GateResult, ...]) -> str:
    if not gates:
        return ""
    broken = "".join(map(_gate, (gate for gate in gates if not gate.passed)))
    holding = [gate for gate in gates if gate.passed]
    table = '<table class="gates"><thead><tr><th></th><th>Gate</th><th>Demands</th><th>Found</th></tr></thead>'
    shown = f"{table}<tbody>{broken}</tbody></table>" if broken else ""
    held = f"{table}<tbody>{''.join(map(_gate, holding))}</tbody></table>"
    folded = fold(f"✓ {holding_line(gates)}", held, "holding") if holding else ""
    return f'<section id="gates"><h2>Gates</h2>{shown}{folded}</section>\n'


def _gate(gate: GateResult) -> str:
    state, mark = ("passed", "✓ Holds") if gate.passed else ("failed", "✕ Fails")
    return (
        f'<tr class="{state}"><td><span class="state">{mark}</span></td><th scope="row">{named(gate.gate)}</th>'
        f'<td dir="auto">{text(gate.demands)}</td><td dir="auto">{text(gate.found)}</td></tr>'
    )


def _measures(report: Report) -> str:
    changed = changes(report)
    rows = "".join(_measure(measure, changed.get(measure.metric)) for measure in report.measures)
    lower = " ↓: lower is better." if not all(one.higher_is_better for one in report.measures) else ""
    then = " The stroke is the baseline." if report.comparison else ""
    return (
        '<section id="measures"><h2>Measures</h2><table class="measures"><thead><tr><th>Measure</th>'
        '<th class="number">Now</th><th class="axis"><span>0</span><span>1</span></th>'
        '<th class="number">95 % interval</th><th class="number">Cases</th></tr></thead>'
        f'<tbody>{rows}</tbody></table><p class="legend">Each is a mean over the cases in which it is defined, or '
        f"a count; – says that it is defined in none.{lower}{then}</p></section>\n"
    )


def _measure(measure: Measure, change: Change | None) -> str:
    around = interval(measure.low, measure.high) if measure.low is not None else ""
    chart = interval_chart(measure, change.baseline if change else None)
    lower = "" if measure.higher_is_better else ' <span class="lower" title="Lower is better">↓</span>'
    return (
        f'<tr><th scope="row">{named(measure.metric)}{lower}</th><td class="number now">{value_of(measure)}</td>'
        f'<td class="axis">{chart}</td><td class="number">{around}</td>'
        f'<td class="number">{measure.scored} of {measure.cases}</td></tr>'
    )


def _since(report: Report) -> str:
    comparison = report.comparison
    if comparison is None:
        return ""
    flipped: tuple[tuple[Flip, tuple[str, ...]], ...] = (
        ("regressed", comparison.regressions),
        ("improved", comparison.improvements),
    )
    lists = "".join(
        f'<p><span class="flip {flip}">{FLIPS[flip]}</span> {", ".join(map(_link, cases))}</p>'
        for flip, cases in flipped
        if cases
    )
    moved = [change for change in comparison.changes if change.difference]
    still = sum(change.difference == 0 for change in comparison.changes)
    unknown = len(comparison.changes) - len(moved) - still
    rest = f"{count(still, 'measure')} did not change" + (f", {unknown} could not be compared" if unknown else "")
    bounds = [abs(one) for change in moved for one in (change.difference, change.low, change.high) if one is not None]
    better = {measure.metric: measure.higher_is_better for measure in report.measures}
    rows = "".join(
        _change(change, max(bounds, default=0.0), higher_is_better=better.get(change.metric, True)) for change in moved
    )
    table = (
        '<table class="changes"><thead><tr><th>Measure</th><th class="number">Baseline</th><th class="number">Now</th>'
        '<th class="axis"></th><th>Difference</th><th class="number">Cases</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    return (
        f'<section id="since"><h2>Since the baseline</h2>{lists or "<p>No case flipped.</p>"}'
        f'{table if rows else ""}<p class="legend">{rest}. Differences are means '
        "over the cases that both runs could measure.</p></section>\n"
    )


def _change(change: Change, reach: float, *, higher_is_better: bool) -> str:
    around = f" ({interval(change.low, change.high, signed=True)})" if change.low is not None else ""
    return (
        f'<tr class="{_direction(change, higher_is_better=higher_is_better)}">'
        f'<th scope="row">{named(change.metric)}</th><td class="number">{number(change.baseline)}</td>'
        f'<td class="number">{number(change.now)}</td><td class="axis">{difference_chart(change, reach)}</td>'
        f"<td><span>{number(change.difference, signed=True)}</span>{around}</td>"
        f'<td class="number">{change.aligned}</td></tr>'
    )


def _direction(change: Change, *, higher_is_better: bool) -> str:
    """Return whether a change is beyond doubt: its interval lies on one side of zero."""
    if change.low is None or change.high is None or change.low <= 0 <= change.high:
        return "unsure"
    return "better" if (change.low > 0) == higher_is_better else "worse"


def _kinds(judged: tuple[Judged, ...]) -> str:
    """Return the categories, with a cell a case."""
    rows = "".join(
        f'<li><span class="kind">{named(category)}</span><span class="cells" aria-hidden="true">'
        f"{''.join(map(_cell, cases))}</span>"
        f'<span class="of">{sum(bool(one.passed) for one in cases)} of {len(cases)} passed</span></li>'
        for category, cases in _by_category(judged).items()
    )
    return f'<section id="kinds"><h2>Kinds of cases</h2><ul>{rows}</ul></section>\n' if rows else ""


def _by_category(judged: tuple[Judged, ...]) -> dict[str, list[Judged]]:
    categories: dict[str, list[Judged]] = {}
    for one in judged:
        categories.setdefault(one.outcome.case.category, []).append(one)
    return categories


def _cell(judged: Judged) -> str:
    case, state = judged.outcome.case, state_of(judged)
    mark = STATES[state].partition(" ")[0] if state != "passed" else ""
    return f'<a class="cell {state}" tabindex="-1" href="#{anchor(case.id)}" title="{text(case.id)}">{mark}</a>'


def _cases(report: Report) -> str:
    """Return the filters and all cases, those first that did not pass."""
    flipped = flips(report)
    few = sum(not one.passed for one in report.judged) <= _UNFOLDED
    ordered = sorted(report.judged, key=lambda one: list(STATES).index(state_of(one)))
    shown = "\n".join(
        case_html(one, flipped.get(one.outcome.case.id), unfolded=few and not one.passed) for one in ordered
    )
    return f'<section id="cases"><h2>Cases</h2>{"".join(_filters(report))}\n{shown}</section>\n'


def _filters(report: Report) -> Iterator[str]:
    """Yield the form that page.js brings to life; without it, all cases are shown and the form is not."""
    states = [state_of(one) for one in report.judged]
    yield '<form id="filters" hidden><fieldset><legend class="unseen">Outcome</legend>'
    yield _choice("", f"All {len(states)}", chosen=True)
    for state, words in STATES.items():
        if state in states:
            yield _choice(state, f"{words} {states.count(state)}")
    yield '</fieldset><label><span class="unseen">Category</span><select name="category">'
    yield '<option value="">All categories</option>'
    for category in _by_category(report.judged):
        yield f'<option value="{text(category)}">{text(category.replace("_", " "))}</option>'
    yield "</select></label>"
    if report.comparison:
        yield '<label class="choice"><input type="checkbox" name="changed"> <span>Changed</span></label>'
    yield '<span class="folding"><button type="button" name="open">Open all</button>'
    yield '<button type="button" name="close">Fold all</button></span><output></output></form>'


def _choice(value: str, words: str, *, chosen: bool = False) -> str:
    checked = " checked" if chosen else ""
    return (
        f'<label class="choice"><input type="radio" name="state" value="{value}"{checked}> <span>{words}</span></label>'
    )


def _basis(report: Report) -> str:
    """Return what the numbers rest on: the judge's own test, and the settings."""
    misses = "".join(f'<li dir="auto">{text(miss)}</li>' for miss in report.meta.misses)
    missed = fold("Where it was wrong", f"<ul>{misses}</ul>") if misses else ""
    others = "".join(f'<li dir="auto">{text(other)}</li>' for other in report.meta.other)
    missed += fold("Caught by something else than the rule for their error", f"<ul>{others}</ul>") if others else ""
    settings = "".join(f"<dt>{aside(name)}</dt><dd>{aside(value)}</dd>" for name, value in report.settings)
    listed = f"<h2>Settings</h2><dl>{settings}</dl>" if settings else ""
    return (
        f'<section id="basis"><h2>The judge itself</h2><p>{text(meta_line(report.meta))}. A reference answer is one '
        f"that people call right, a wrong answer has a known error; no assistant takes part.</p>{missed}{listed}"
        "</section>\n"
    )


def _link(case: str) -> str:
    return f'<a href="#{anchor(case)}">{aside(case)}</a>'
