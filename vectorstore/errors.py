"""The two things that can go wrong here and that a person can do something about."""


class UserError(Exception):
    """A mistake the user can mend; its message is one sentence that says what was found and what to do."""


class SkippedFile(Exception):  # noqa: N818 - a file that is skipped is an outcome, not an error of ours
    """A file that was not indexed, with the reason.

    `reason` is one of REASONS; `detail` is a short sentence for the person who reads the report.
    """

    REASONS = (
        "empty",
        "not_text",
        "not_a_file",
        "type_mismatch",
        "encrypted",
        "damaged",
        "no_text_layer",
        "too_large",
        "expands_too_much",
        "unreadable",
        "unsupported_format",
        "bad_front_matter",
        "no_article",
        "parser_timeout",
        "parser_memory",
        "changing",
    )

    def __init__(self, reason: str, detail: str) -> None:
        if reason not in self.REASONS:
            raise ValueError(f"{reason!r} is not a known reason for skipping a file")
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class NotFound(UserError):  # noqa: N818 - it says what it is
    """Something that is not there, or not for whoever asked: from outside the two look the same."""


class OwnerError(UserError):
    """What only the owner of this installation can mend; it may name files, which are nobody else's business."""


class IndexAway(OwnerError):  # noqa: N818 - it says what it is
    """The vector index cannot be asked at the moment, and may be again in the next; a search goes on by words alone."""
