"""What the drivers in Python share: the command line, and the ways in which it may end. client.ts describes both."""

import sys

LACKS = 3


class Lacks(Exception):
    """The client has nothing for what is asked: found by looking, not taken for granted."""


class Failed(Exception):
    """The client was told no."""


def run(operations):
    """Calls the operation that the command line names: arguments in their order, `--name=value` by their names."""
    name, *words = sys.argv[1:]
    arguments = [word for word in words if not word.startswith("--")]
    options = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    try:
        operations[name](*arguments, **options)
    except Lacks as error:
        print(f"lacks: {error}", file=sys.stderr)
        sys.exit(LACKS)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
