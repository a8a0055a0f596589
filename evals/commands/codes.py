"""How `footnote eval` and its commands are reached, and that they end with 2 where others end with 1."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from assistant import cli
from vectorstore.errors import UserError

NOT_JUDGED = 2
GRADE = "SUITE"  # the name of the command that needs none


class EvalGroup(TyperGroup):
    """`footnote eval SUITE` is the command GRADE, unless the first word is the name of another of its commands."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,  # noqa: ANN401 - typer keeps the type to itself
        **extra: Any,  # noqa: ANN401 - as above
    ) -> Any:  # noqa: ANN401 - as above
        """Return the context of the command that the arguments are for."""
        if args and args[0] != GRADE and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return self.commands[GRADE].make_context(info_name, args, parent, **extra)


class EvalCommand(TyperCommand):
    """A command that ends with 2 after a mistake and after a fault of ours: 1 says that a gate failed."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - typer keeps the type to itself
        """Read the arguments."""
        with _not_judged():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Do what the command does."""
        with _not_judged():
            return super().invoke(ctx)


@contextmanager
def _not_judged() -> Iterator[None]:
    try:
        yield
    except (typer.TyperException, UserError) as error:
        cli.complain(error)
        raise typer.Exit(NOT_JUDGED) from error
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        traceback.print_exc()
        raise typer.Exit(NOT_JUDGED) from error
