"""Load the handler that a target names."""

import os
import sys

from .report import log_error
from .serialize import describe


class SetupError(Exception):
    """A target that cannot be loaded. The text is one line: why, and what to do."""


class Target:
    """What a target names.

    function   the callable
    module     the module that the target names
    """

    def __init__(self, module):
        self.module = module
        self.function = None
        self._made = []  # instances, in the order in which they were made

    def close(self, run):
        """Close the instances that were made, the last one first. `run` is as in
        load(). An error goes to stderr."""
        for value in reversed(self._made):
            try:
                run(_closer(value))
            except BaseException as error:
                log_error(error)
        self._made.clear()

    def keep(self, value):
        """Return an instance, or a factory's context manager or generator, and have
        close() close it."""
        self._made.append(value)
        return value


def load(target, factory=None, factory_kwargs=None, run=None):
    """Return the Target that `target` names.

    target   "module:function", "module:Class.method", "module:instance.method"
             or a longer chain of attributes; "dir/file.py" may replace the module
    factory  "module:function": returns the instance if the first attribute is a
             class; called with the dict `factory_kwargs`
    run      run(function) calls a function in the event loop and returns its
             result, awaited if it can be; makes the instances of async handlers

    Raises SetupError; the traceback of an error in the user's code goes to stderr.
    """
    run = run or _call
    module, name, chain = _import_for(target, run)
    made = Target(module)
    value = _attribute(module, chain[0], name, target)
    runs = run if _is_async(value, chain[1:]) else _call
    if factory and isinstance(value, type):
        value = _from_factory(factory, factory_kwargs or {}, target, made, run, runs)
    made.function = runs(lambda: _finish(made, value, chain, target))
    return made


def _call(function):
    return function()


def _finish(made, value, chain, target):
    """Return the callable that a chain of attributes leads to."""
    owner = made.module
    for step in chain[1:]:
        if isinstance(value, type) and not _is_class_level(value, step):
            value = made.keep(_construct(value, target))
        owner, value = value, _attribute(value, step, _title(value), target)
    if isinstance(value, type) and owner is made.module:
        value = made.keep(_construct(value, target))
    if not callable(value):
        raise SetupError(
            'target "%s" is a %s, which cannot be called: name a function or a method of it'
            % (target, type(value).__name__)
        )
    return value


def _is_async(value, chain):
    """Whether a handler runs in the event loop, as far as its class shows. True, too,
    if only the constructor can set one of its attributes."""
    from .introspect import is_async_generator_function, is_coroutine_function

    for step in chain:
        kind = value if isinstance(value, type) else type(value)
        found = [base.__dict__[step] for base in kind.__mro__ if step in base.__dict__]
        if not found and kind is value:
            return True
        value = found[0] if found else getattr(value, step, None)
        value = getattr(value, "__func__", value)
    if isinstance(value, type):
        value = getattr(value, "__call__", None)
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return is_coroutine_function(value) or is_async_generator_function(value)


def _from_factory(factory, kwargs, target, made, run, runs):
    from .introspect import is_async_generator_function, is_coroutine_function

    what = 'factory "%s" of target "%s"' % (factory, target)
    module, name, chain = _import_for(factory, run)
    function = module
    for step in chain:
        function = _attribute(function, step, name, factory)
    _check_arguments(function, kwargs, what)
    if is_coroutine_function(function) or is_async_generator_function(function):
        runs = run
    try:
        value = runs(lambda: function(**kwargs))
        if hasattr(type(value), "__await__"):
            value = run(lambda: value)
        return _enter(value, made, run, what)
    except SetupError:
        raise
    except BaseException as error:
        raise _failed(what, error) from None


def _check_arguments(function, kwargs, what):
    from .introspect import Parameters

    try:
        parameters = Parameters(function)
    except Exception:  # without a signature
        return
    unknown = [name for name in kwargs if not parameters.takes(name)]
    missing = [name for name in parameters.required() if name not in kwargs]
    if parameters.certain and (unknown or missing):
        raise SetupError(
            "%s %s %s: set runner.factory_kwargs"
            % (what, "does not take" if unknown else "needs", ", ".join(unknown or missing))
        )


# Methods of context managers and generators that return the instance.
_ENTRIES = ("__aenter__", "__enter__", "__anext__", "__next__")


def _enter(value, made, run, what):
    """Return the instance of what a factory returned: an instance, a context manager
    of contextlib, or a generator."""
    made.keep(value)
    kind = type(value)
    if value is None:
        raise SetupError("%s returned None: it has to return the instance" % what)
    is_manager = kind.__module__ == "contextlib"
    is_generator = kind.__name__ in ("generator", "async_generator")
    if is_manager or is_generator:
        for name in _ENTRIES:
            if hasattr(kind, name):
                return run(getattr(value, name)) if "__a" in name else getattr(value, name)()
    return value


def _closer(value):
    """Return the function that closes an instance; its result may be awaitable."""
    kind = type(value)
    leave = (None, None, None)
    if kind.__module__ == "contextlib":
        exit = getattr(value, "__aexit__", None) or value.__exit__
        return lambda: exit(*leave)
    if kind.__name__ in ("generator", "async_generator"):
        return lambda: _exhaust(value)
    for name in ("aclose", "close"):
        if callable(getattr(kind, name, None)):
            return getattr(value, name)
    for name in ("__aexit__", "__exit__"):
        if hasattr(kind, name):
            return lambda: getattr(value, name)(*leave)
    return lambda: None


def _exhaust(generator):
    """Run the rest of a factory after its yield."""
    if hasattr(generator, "__anext__"):

        async def end():
            async for _ in generator:
                break

        return end()
    next(generator, None)
    return None


def _import_for(target, run):
    """Return (module, its name, [attribute, ...]) for "module:a.b"."""
    name, colon, chain = target.rpartition(":")
    if not colon or not name or not all(chain.split(".")):
        raise SetupError(
            'target "%s" is not of the form "module:function" or "module:Class.method"' % target
        )
    is_file = name.endswith(".py") or "/" in name
    module = _import_file(name, target) if is_file else _import(name, target, run)
    return module, name, chain.split(".")


def _import(name, target, run):
    try:
        try:
            __import__(name)
        except RuntimeError as error:
            # servers import a program in their event loop, so it may need one
            if "no running event loop" not in str(error):
                raise
            run(lambda: __import__(name) and None)
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
    # So that it can import modules from its folder, as a script can.
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
    try:
        return kind()
    except BaseException as error:
        raise _failed('class "%s" of target "%s"' % (kind.__name__, target), error) from None


def _failed(what, error):
    """Return the SetupError for an exception of the user's code."""
    log_error(error)
    hint = ""
    if isinstance(error, RuntimeError) and "event loop" in str(error):
        hint = "; an instance for a plain function is made without one: make the handler async"
    return SetupError("%s raised %s: see the traceback on stderr%s" % (what, _summary(error), hint))
