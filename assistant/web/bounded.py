"""The few words that metrics, logs and traces may say, so that nobody's question, document or name is ever one."""

from collections.abc import Collection
from typing import get_args

from assistant.types import State, VerdictName

OTHER = "other"  # said in place of every other word

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STATES: tuple[str, ...] = get_args(State)
VERDICTS: tuple[str, ...] = get_args(VerdictName)
ANSWERERS = ("extractive", "model")
STAGES = ("rewrite", "retrieve", "read", "answer", "verify", "repair", "compare")  # the laps of assistant/pipeline.py
TOTAL = "total"  # what Answer.timings_ms calls all of them together


def one_of(word: str, allowed: Collection[str]) -> str:
    """Return word if it is allowed, else OTHER."""
    return word if word in allowed else OTHER
