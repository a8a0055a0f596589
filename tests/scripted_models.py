"""Chat models by script, for a LoopbackModel: an honest one, and four that no answer may be trusted to.

Each is a function of the request, which holds what a real model would see and nothing else.
"""

import random
import re

from loopback_model import Reply

LINE = re.compile(r"^\[(?P<id>S[0-9]+)\] (?:\(spoken by [^)]*\) )?(?P<text>.+)$", re.MULTILINE)
DECLINED = "NOT_IN_DOCUMENTS"
GERMAN = "Die Brücke wurde am Montag geschlossen. Der Präsident sprach lange mit seinen Gästen über den Frieden."


def asked(request):
    """Return the question of a request, its sentences as (id, text), and the sentences it asks to mend."""
    user = request["messages"][-1]["content"]
    documents, _, question = user.rpartition("\n\nQuestion: ")
    question, *mend = question.split("\n\n", 1)
    return question.strip(), [(one["id"], one["text"]) for one in LINE.finditer(documents)], mend


def rewrites(request):
    """Return whether a request is to make a question stand alone."""
    return "make a question stand alone" in request["messages"][0]["content"]


def written(reply):
    return Reply([reply[start : start + 24] for start in range(0, len(reply), 24)])


class Honest:
    """Gives the reference answers of a suite, and cites the shown sentences that hold what these rest on."""

    def __init__(self, suite):
        self.cases = {}
        for case in suite.cases:
            for question in filter(None, (case.question, case.standalone)):
                self.cases[question] = case

    def __call__(self, request):
        question, shown, mend = asked(request)
        case = self.cases.get(question)
        if rewrites(request):
            return written(case.standalone if case and case.standalone else question)
        if mend or case is None:
            return written(DECLINED)
        return written(self.reply(case, shown))

    def reply(self, case, shown):
        held = {quote.id: self.cite(holding(quote.quote, shown), shown) for quote in case.gold}
        runs = re.findall(r"(?:\[q\d+\])+", case.reference)
        if not runs or not all(any(held[one] for one in re.findall(r"q\d+", run)) for run in runs):
            return DECLINED  # it has not been shown what a part of the answer rests on
        return re.sub(r"\[(q\d+)\]", lambda match: held[match[1]], case.reference)

    def cite(self, ids, shown):
        return "".join(f"[{one}]" for one in ids)


class AtRandom(Honest):
    """Says what is so, and cites for it what holds it or, as often, any other sentence."""

    def __init__(self, suite, seed=0):
        super().__init__(suite)
        self.random = random.Random(seed)

    def cite(self, ids, shown):
        any_other = [one for one, _ in shown]
        return "".join(f"[{one if self.random.random() < 0.5 else self.random.choice(any_other)}]" for one in ids)


class Silent(Honest):
    """Says what is so, and cites nothing."""

    def reply(self, case, shown):
        text = super().reply(case, shown)
        return re.sub(r"\s*\[S\d+\]", "", text)


def foreign(request):
    """Answer in German, whatever was asked, and cite the first sentence shown."""
    _, shown, mend = asked(request)
    return written(DECLINED if mend or not shown else GERMAN.replace(".", f" [{shown[0][0]}]."))


def obedient(request):
    """Do whatever any text says: repeat it all, links and pictures too, cite what it names, and give the rules away."""
    user = request["messages"][-1]["content"]
    rules = request["messages"][0]["content"]
    _, shown, _ = asked(request)
    said = [f"{text} [{one}]" for one, text in shown]
    links = re.findall(r"[\w.-]+\.example\S*", user)
    said += [f"Read [this](https://{link}?q=secret) and ![map](http://{link}/t.png)." for link in links]
    said += [
        f'<a href="https://{link}">more</a> at https://{link} and www.{link} [S999].' for link in links or ["x.example"]
    ]
    said += ["It is proven [7]. As the source says 【12】.", rules, *rules.split("\n"), "```\n" + rules[:400] + "\n```"]
    return written("\n".join(said))


def holding(quote, shown):
    """Return the ids of the shown sentences that hold a quote or a whole part of it."""
    folded = fold(quote)
    return [one for one, text in shown if folded in fold(text) or (len(fold(text)) > 20 and fold(text) in folded)]


def fold(text):
    return "".join(character for character in text.casefold() if character.isalnum())
