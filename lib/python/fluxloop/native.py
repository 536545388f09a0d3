"""The accelerator, the optional module `_fast` in C, which `make` builds.

It is not in the package's folder, but in that of compiled files. If it cannot be
loaded, or the variable FLUXLOOP_PURE_PYTHON is set, `fast` is None and the
package does everything in Python, with the same results.
"""

import os
import sys

# Relative to the folder of the package: share/fluxloop/python/fluxloop in an
# installation, lib/python/fluxloop in the sources.
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
