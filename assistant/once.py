"""YAML in which no key stands twice: the second would silently hide the first."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from vectorstore.errors import UserError


class OnceLoader(yaml.SafeLoader):
    """Reads plain values only; a key that stands twice in one mapping is a ConstructorError with its line."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping that a node holds."""
        seen: list[object] = []
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"“{key.value}” stands twice", key.start_mark)
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> object:
    """Return what a YAML file holds, None for an empty one.

    Raises:
        UserError: if it cannot be read, is not YAML, or a key stands twice in it; it says in which line.
    """
    try:
        return yaml.load(path.read_text("utf-8"), OnceLoader)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}, line {line} is not YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a day like 2025-13-01 is a ValueError
        raise UserError(f"{path} is not YAML in UTF-8: {error}.") from error
