"""Messages for people, on stderr: stdout is for the protocol."""

import os
import sys


def visible(text):
    """Return a text as one line: characters that a terminal would obey or not show
    become escapes, as in repr()."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def log(text):
    """Write a line to stderr, if it is open."""
    try:
        print("fluxloop.bridge: %s" % visible(str(text)), file=sys.stderr)
    except Exception:  # the handler may have closed it
        pass


def log_error(error):
    """Write the traceback of an exception to stderr, without the outermost frames
    that belong to this package."""
    place, ours = error.__traceback__, os.path.dirname(__file__)
    while place and os.path.dirname(place.tb_frame.f_code.co_filename) == ours:
        place = place.tb_next
    try:
        # The hook prints the exception's own traceback, not its third argument.
        sys.__excepthook__(type(error), error.with_traceback(place), place)
    except Exception:
        pass
