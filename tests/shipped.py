"""The judges and the verifier as they are shipped, loaded once for all tests."""

from assistant.judges import Judges
from assistant.verify import open_verifier

JUDGES = Judges()
VERIFIER = open_verifier(JUDGES)
