"""The accelerator, the module `_fast` in C, if it is there: `make` builds it.

It lies where the folders of an installation put compiled files, not beside the
package. If it cannot be loaded, or the variable FLUXLOOP_PURE_PYTHON is set,
`fast` is None and the package does all in Python. The result is the same.
"""

import os
import sys

# As seen from the folder of the package: from share/fluxloop/python/fluxloop of an
# installation, and from lib/python/fluxloop of the sources.
_PLACES = ("../../../../lib/fluxloop", "../../../build/lib/fluxloop")


def _load():
    package = sys.modules[__package__]
    folders = package.__path__
    package.__path__ = [*folders, *(os.path.join(folders[0], place) for place in _PLACES)]
    try:
        from . import _fast
    except ImportError:
        return None
    finally:
        package.__path__ = folders
    return _fast if _fast.VERSION == package.__version__ else None


fast = None if os.environ.get("FLUXLOOP_PURE_PYTHON") else _load()
