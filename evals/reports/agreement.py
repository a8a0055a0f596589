"""How a model judge agrees with the verifier, as JSON and for people."""

from rich.text import Text

from assistant.contract import Json
from assistant.terminal import Terminal
from evals.agreement import Agreement
from evals.reports.phrases import count, interval, number
from vectorstore.text import one_line

_SHOWN = 20


def agreement_json(agreement: Agreement) -> Json:
    """Return all of it; of the claims only those on which the judges differ."""
    return {
        "judge": agreement.judge,
        "claims": len(agreement.compared),
        "agreed": agreement.agreed,
        "not_judged": agreement.not_judged,
        "kappa": agreement.kappa,
        "low": agreement.interval.low if agreement.interval else None,
        "high": agreement.interval.high if agreement.interval else None,
        "disagreements": [
            {
                "case": one.case,
                "claim": one.claim,
                "verifier": one.first.verdict,
                "verifier_reasons": list(one.first.reasons),
                "model": one.second.verdict,
                "model_reasons": list(one.second.reasons),
            }
            for one in agreement.compared
            if not one.agrees
        ],
    }


def agreement_line(agreement: Agreement) -> str:
    """Return "openai:m, judge@1 3f0c9a1b agrees with the verifier on 90 of 100 claims; Cohen’s kappa 0.71 (…)"."""
    claims = count(len(agreement.compared), "claim")
    line = f"{one_line(agreement.judge)} agrees with the verifier on {agreement.agreed} of {claims}"
    if agreement.kappa is None:
        line += "; Cohen’s kappa is undefined"
    else:
        ends = agreement.interval
        line += f"; Cohen’s kappa {number(agreement.kappa)}"
        line += f" (95 % interval {interval(ends.low, ends.high)})" if ends else ""
    return line + (f"; {count(agreement.not_judged, 'claim')} not judged" if agreement.not_judged else "")


def show_agreement(agreement: Agreement, terminal: Terminal) -> None:
    """Show the line, and the claims on which the judges differ."""
    terminal.show(Text(f"\nThe model judge: {agreement_line(agreement)}."))
    differing = [one for one in agreement.compared if not one.agrees]
    for one in differing[:_SHOWN]:
        terminal.show(Text(one_line(f"{one.case}: {one.claim}")), indent=4)
        for judge, judgement in (("verifier", one.first), ("model", one.second)):
            reason = f" ({judgement.reasons[0]})" if judgement.reasons else ""
            verdict = judgement.verdict.replace("_", " ")
            terminal.show(Text(one_line(f"{judge}: {verdict}{reason}"), "dim"), indent=8)
    if len(differing) > _SHOWN:
        terminal.show(Text(f"and {len(differing) - _SHOWN} more; judge.json, which --out writes, has them all", "dim"))
