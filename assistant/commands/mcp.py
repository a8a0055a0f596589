"""`footnote mcp`: the assistant as tools for the models of other programs, over stdio."""

from importlib.util import find_spec

from assistant.commands.configured import read_settings
from assistant.commands.options import Library
from vectorstore.errors import UserError


def mcp(library: Library = None) -> None:
    """Serve the library to an MCP client over stdin and stdout.

    A client starts this command itself, once it has been told of it; docs/mcp.md says how. It ends when stdin does.
    Only the protocol goes to stdout; the log goes to stderr.

    Examples:
      footnote mcp --library /srv/news/.footnote
    """
    settings = read_settings(library=library)
    if find_spec("mcp") is None:
        raise UserError("The MCP server is an extra that is not installed; run `pip install 'footnote[mcp]'`.")

    import asyncio
    import logging
    import signal

    from assistant.mcp_server import serve_stdio
    from assistant.open import open_assistant

    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    assistant = open_assistant(settings)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the SDK waits for stdin in a thread, and Ctrl-C would wait with it
    asyncio.run(serve_stdio(assistant))
