"""Load the handler that a target names."""

import os
import sys

from .report import log_error
from .serialize import describe


class SetupError(Exception):
    """A target that cannot be loaded. The text is one line, with what to do."""


def load(target, factory=None, factory_kwargs=None):
    """Return the callable that `target` names.

    target   "module:function", "module:Class.method", "module:instance.method"
             or a longer chain of attributes; "dir/file.py" may replace the module
    factory  "module:function": returns the instance if the first attribute is a
             class; called with the dict `factory_kwargs`
    Raises SetupError; the traceback of an error in the user's code goes to stderr.
    """
    module, name, chain = _import_for(target)
    value, owner = _attribute(module, chain[0], name, target), module
    if factory and isinstance(value, type):
        value = _call_factory(factory, factory_kwargs or {}, target)
    for step in chain[1:]:
        if isinstance(value, type) and not _is_class_level(value, step):
            value = _construct(value, target)
        owner, value = value, _attribute(value, step, _title(value), target)
    if isinstance(value, type) and owner is module:
        value = _construct(value, target)
    if not callable(value):
        raise SetupError(
            'target "%s" is a %s, which cannot be called: name a function or a method of it'
            % (target, type(value).__name__)
        )
    return value


def _import_for(target):
    """Return (module, its name, [attribute, ...]) for "module:a.b"."""
    name, colon, chain = target.rpartition(":")
    if not colon or not name or not all(chain.split(".")):
        raise SetupError(
            'target "%s" is not of the form "module:function" or "module:Class.method"' % target
        )
    is_file = name.endswith(".py") or "/" in name
    module = _import_file(name, target) if is_file else _import(name, target)
    return module, name, chain.split(".")


def _import(name, target):
    try:
        __import__(name)
        return sys.modules[name]
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            raise SetupError(
                'module "%s" of target "%s" was not found: check the name, or add its folder'
                " to runner.python_path (searched: %s)"
                % (error.name, target, ", ".join(path for path in sys.path[:5] if path))
            ) from None
        raise _broken(name, target, error) from None
    except BaseException as error:
        raise _broken(name, target, error) from None


def _import_file(path, target):
    import importlib.util

    full = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(full):
        raise SetupError('file "%s" of target "%s" was not found: check the path' % (path, target))
    name = os.path.splitext(os.path.basename(full))[0]
    # It can import modules from its folder, as a script can.
    sys.path.insert(1, os.path.dirname(full))
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None:
        raise SetupError('file "%s" of target "%s": its name must end in .py' % (path, target))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise _broken(path, target, error) from None
    return module


def _broken(name, target, error):
    log_error(error)
    return SetupError(
        'module "%s" of target "%s" raised %s on import: see the traceback on stderr'
        % (name, target, _summary(error))
    )


def _summary(error):
    text = " ".join(describe(str, error).split())
    return "%s: %s" % (type(error).__name__, text) if text else type(error).__name__


def _title(value):
    return value.__name__ if isinstance(value, type) else type(value).__name__


def _attribute(owner, name, title, target):
    try:
        return getattr(owner, name)
    except AttributeError as error:
        if getattr(error, "name", name) not in (name, None):  # raised inside a property
            log_error(error)
    import difflib

    public = [one for one in dir(owner) if not one.startswith("__")]
    near = difflib.get_close_matches(name, public, 1)
    hint = ', did you mean "%s"?' % near[0] if near else ": check the spelling"
    raise SetupError('"%s" has no "%s", which target "%s" names%s' % (title, name, target, hint))


def _is_class_level(kind, name):
    """Whether an attribute of a class needs no instance."""
    for base in kind.__mro__:
        if name in base.__dict__:
            return isinstance(base.__dict__[name], (staticmethod, classmethod, type))
    return False


def _construct(kind, target):
    from .introspect import Parameters

    try:
        needed = Parameters(kind).required()
    except Exception:  # a constructor without a signature
        needed = []
    if needed:
        raise SetupError(
            'class "%s" of target "%s" needs constructor arguments (%s):'
            " set runner.factory to a function that returns an instance"
            % (kind.__name__, target, ", ".join(needed))
        )
    return _run_user(kind, {}, 'class "%s" of target "%s"' % (kind.__name__, target))


def _call_factory(factory, kwargs, target):
    module, name, chain = _import_for(factory)
    function = module
    for step in chain:
        function = _attribute(function, step, name, factory)
    return _run_user(function, kwargs, 'factory "%s" of target "%s"' % (factory, target))


def _run_user(function, kwargs, what):
    try:
        return function(**kwargs)
    except BaseException as error:
        log_error(error)
        raise SetupError(
            "%s raised %s: see the traceback on stderr" % (what, _summary(error))
        ) from None
