"""The kind and the parameters of a callable. Plain functions do not need the
`inspect` module, which takes as long to import as Python takes to start."""

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80 | 0x100, 0x20, 0x200
_VAR_POSITIONAL, _VAR_KEYWORD = 0x04, 0x08


def _flags(function):
    """Return the code flags of a function, method, partial or instance with
    __call__; 0 if it has no Python code."""
    for _ in range(20):
        code = getattr(function, "__code__", None)
        if code is not None:
            flags = getattr(code, "co_flags", 0)
            return flags if isinstance(flags, int) else 0
        inner = getattr(function, "__func__", None)
        if inner is None and type(function).__name__ == "partial":
            inner = function.func
        if inner is None and not isinstance(function, type):
            inner = getattr(type(function), "__call__", None)
        if inner is None or inner is function:  # a builtin's
            return 0
        function = inner
    return 0


def is_coroutine_function(function):
    """Whether a call of `function` returns a coroutine."""
    return bool(_flags(function) & _COROUTINE)


def is_generator_function(function):
    return bool(_flags(function) & _GENERATOR)


def is_async_generator_function(function):
    return bool(_flags(function) & _ASYNC_GENERATOR)


class Parameters:
    """The parameters of a callable, without the `self` of a bound method.

    positional       names that can be given by position, in order
    positional_only  the number of these that cannot be given by name
    keyword_only     names that can only be given by name
    defaults         name -> default value
    var_positional, var_keyword   names of *args and **kwargs, or None
    certain          False for a function in another package's decorator, which
                     may add and remove arguments
    """

    __slots__ = (
        "positional",
        "positional_only",
        "keyword_only",
        "defaults",
        "var_positional",
        "var_keyword",
        "certain",
    )

    def __init__(self, function):
        """Raises TypeError or ValueError if `function` has no signature."""
        bound = 0
        self.certain = True
        while True:
            # first, because a method has the attributes of its function
            if type(function).__name__ == "method":
                bound += 1
                function = function.__func__
            elif "__signature__" in getattr(function, "__dict__", ()):
                break
            elif hasattr(function, "__wrapped__"):
                self.certain &= hasattr(function, "__fluxloop_observed__")
                function = function.__wrapped__
            elif type(function).__name__ == "function":
                self._read_code(function, bound)
                return
            else:
                break
        self._read_signature(function, bound)

    def _read_code(self, function, bound):
        code, flags = function.__code__, function.__code__.co_flags
        names, end = code.co_varnames, code.co_argcount + code.co_kwonlyargcount
        every = names[: code.co_argcount]
        values = function.__defaults__ or ()
        self.defaults = dict(zip(every[len(every) - len(values) :], values))
        self.defaults.update(function.__kwdefaults__ or {})
        self.positional = every[bound:]
        self.positional_only = max(0, code.co_posonlyargcount - bound)
        self.keyword_only = names[code.co_argcount : end]
        self.var_positional = self.var_keyword = None
        if flags & _VAR_POSITIONAL:
            self.var_positional = names[end]
            end += 1
        if flags & _VAR_KEYWORD:
            self.var_keyword = names[end]

    def _read_signature(self, function, bound):
        from inspect import Parameter, signature

        every = list(signature(function).parameters.values())[bound:]

        def names(*kinds):
            return tuple(one.name for one in every if one.kind in kinds)

        self.positional = names(Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        self.positional_only = len(names(Parameter.POSITIONAL_ONLY))
        self.keyword_only = names(Parameter.KEYWORD_ONLY)
        self.defaults = {one.name: one.default for one in every if one.default is not one.empty}
        self.var_positional = next(iter(names(Parameter.VAR_POSITIONAL)), None)
        self.var_keyword = next(iter(names(Parameter.VAR_KEYWORD)), None)

    def takes(self, name):
        """Whether an argument can be given by this name."""
        return name in self.named() or self.var_keyword is not None

    def named(self):
        """Return the names of all parameters without *args and **kwargs."""
        return self.positional + self.keyword_only

    def required(self):
        """Return the names of the parameters that have no default."""
        return [name for name in self.named() if name not in self.defaults]

    def split(self, kwargs):
        """Return (args, kwargs) for a call with all of `kwargs`: positional-only
        parameters by position, the others by name. All names must be taken."""
        if not self.positional_only:
            return (), kwargs
        left = dict(kwargs)
        first = self.positional[: self.positional_only]
        # A missing name before the last given one has a default.
        given = [name in left for name in first]
        count = len(first) - given[::-1].index(True) if True in given else 0
        args = tuple(left.pop(n) if n in left else self.defaults[n] for n in first[:count])
        return args, left

    def bind(self, args, kwargs):
        """Return {name: value} for a call, with defaults, in the order of the
        declaration. Raises TypeError if the call does not fit."""
        bound = dict(zip(self.positional, args))
        if len(args) == len(self.positional) and not (
            kwargs or self.keyword_only or self.var_positional or self.var_keyword
        ):
            return bound  # the usual case
        left = dict(kwargs)
        for index, name in enumerate(self.positional[len(args) :], len(args)):
            self._take(name, left if index >= self.positional_only else {}, bound)
        extra = args[len(self.positional) :]
        if self.var_positional:
            bound[self.var_positional] = extra
        elif extra:
            raise TypeError("too many positional arguments")
        for name in self.keyword_only:
            self._take(name, left, bound)
        if self.var_keyword:
            bound[self.var_keyword] = left
        elif left:
            raise TypeError("unexpected argument %r" % next(iter(left)))
        return bound

    def _take(self, name, given, bound):
        if name in given:
            bound[name] = given.pop(name)
        elif name in self.defaults:
            bound[name] = self.defaults[name]
        else:
            raise TypeError("missing argument %r" % name)
