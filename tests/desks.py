"""A desk as the application has it, for tests that ask it something."""

from assistant.access import Person
from assistant.history import History
from assistant.holdings import Collections
from assistant.web.admission import Admission
from assistant.web.desk import Desk
from assistant.web.metrics import Metrics
from assistant.web.outcomes import Outcomes


def somebody(name):
    return Person(f"user:{name}", frozenset({"ask", "read"}), way="session")


def desk_of(assistant, folder, *, at_once=8, waiting=8, per_minute=1000):
    admission = Admission(at_once=at_once, waiting=waiting, per_minute=per_minute)
    return Desk(assistant, History(folder), admission, Collections(None, None), Outcomes(Metrics()))
