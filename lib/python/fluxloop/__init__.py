"""FluxLoop: record, trace and replay the calls of an AI agent's handler.

Importing the package loads none of its modules: each public name loads its
module when it is first used (PEP 562). A service that only calls
`record_call_args` does not load the rest.
"""

__version__ = "0.1.0"

# public name -> module
_HOME = {
    "agent": "decorators",
    "prompt": "decorators",
    "tool": "decorators",
    "trace": "decorators",
    "instrument": "context",
    "get_current_context": "context",
    "FluxLoopContext": "context",
    "Observation": "context",
    "ObservationType": "kinds",
    "ObservationLevel": "kinds",
    "configure": "config",
    "get_config": "settings",
    "reset_config": "config",
    "load_env": "config",
    "enable_recording": "recording",
    "disable_recording": "recording",
    "set_recording_options": "recording",
    "record_call_args": "recording",
}
_MODULES = ("config", "context", "decorators", "masking", "recording", "serialize")

__all__ = list(_HOME)


def __getattr__(name):
    from importlib import import_module

    if name in _HOME:
        value = getattr(import_module("." + _HOME[name], __name__), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module("." + name, __name__)
    raise AttributeError("module 'fluxloop' has no attribute %r" % name)


def __dir__():
    return sorted(set(globals()) | set(_HOME) | set(_MODULES))
