"""The process that writes an index: `python -m vectorstore.build new|changed DIRECTORY NUMBER`, frames on its input.

NUMBER is how many entries a new index will hold, or how many operations change the one that is in DIRECTORY.
"""

import sys
from pathlib import Path

from vectorstore.frames import read_frames
from vectorstore.index import change_index, write_index


def main() -> None:
    """Write the index; a parent that dies leaves the input without its end mark, and this process ends too."""
    how, directory, number = sys.argv[1:]
    batches = read_frames(sys.stdin.buffer)
    if how == "new":
        write_index(Path(directory), batches, entries=int(number))
    else:
        change_index(Path(directory), batches, operations=int(number))


if __name__ == "__main__":
    main()
