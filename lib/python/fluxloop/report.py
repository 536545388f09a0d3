"""What the bridge tells people: on stderr, never in the protocol's stream."""

import os
import sys


def note(text):
    """Write one line to stderr, if there is one."""
    try:
        print("fluxloop.bridge: %s" % text, file=sys.stderr)
    except Exception:  # the handler may have closed it
        pass


def show_error(error):
    """Write a traceback to stderr, without the frames of this package."""
    place, ours = error.__traceback__, os.path.dirname(__file__)
    while place and os.path.dirname(place.tb_frame.f_code.co_filename) == ours:
        place = place.tb_next
    try:
        # The hook prints what the exception carries, not what it is given.
        sys.__excepthook__(type(error), error.with_traceback(place), place)
    except Exception:
        pass
