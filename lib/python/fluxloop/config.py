"""Settings: what `configure` was given, else the environment, else a default."""

import os
import sys


def _boolean(value):
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes", "on")
    return bool(value)


def _optional_text(value):
    return None if value is None else str(value)


def _url(value):
    if value is None:
        return None
    scheme, separator, rest = str(value).partition("://")
    if not (scheme and separator and rest.split("/")[0]):
        raise ValueError("collector_url must be a URL such as http://host:8000, not %r" % value)
    return str(value).rstrip("/")


def _fraction(value):
    value = float(value)
    if not 0 <= value <= 1:
        raise ValueError("sample_rate must be between 0 and 1")
    return value


def _batch(value):
    value = int(value)
    if not 1 <= value <= 100:
        raise ValueError("batch_size must be between 1 and 100")
    return value


# name: (environment variable, default, check and conversion). The settings of
# the collector, the batches and the queue have no effect here: they are
# accepted so that programs written for the hosted service run unchanged.
_SETTINGS = {
    "collector_url": ("FLUXLOOP_COLLECTOR_URL", None, _url),
    "api_key": ("FLUXLOOP_API_KEY", None, _optional_text),
    "enabled": ("FLUXLOOP_ENABLED", True, _boolean),
    "debug": ("FLUXLOOP_DEBUG", False, _boolean),
    "use_collector": ("FLUXLOOP_USE_COLLECTOR", True, _boolean),
    "offline_store_enabled": ("FLUXLOOP_OFFLINE_ENABLED", True, _boolean),
    "offline_store_dir": ("FLUXLOOP_OFFLINE_DIR", "./fluxloop_artifacts", str),
    "record_args": ("FLUXLOOP_RECORD_ARGS", False, _boolean),
    "recording_file": ("FLUXLOOP_RECORDING_FILE", None, _optional_text),
    "batch_size": ("FLUXLOOP_BATCH_SIZE", 10, _batch),
    "flush_interval": ("FLUXLOOP_FLUSH_INTERVAL", 5.0, float),
    "max_queue_size": ("FLUXLOOP_MAX_QUEUE_SIZE", 1000, int),
    "timeout": ("FLUXLOOP_TIMEOUT", 10.0, float),
    "sample_rate": ("FLUXLOOP_SAMPLE_RATE", 1.0, _fraction),
    "service_name": ("FLUXLOOP_SERVICE_NAME", None, _optional_text),
    "environment": ("FLUXLOOP_ENVIRONMENT", "development", _optional_text),
}


class SDKConfig:
    """The settings in force, one attribute for each name in _SETTINGS."""

    def __init__(self):
        for name, (variable, default, check) in _SETTINGS.items():
            value = os.environ.get(variable)
            try:
                value = default if value is None else check(value)
            except ValueError as error:
                _warn("%s is ignored: %s" % (variable, error))
                value = default
            setattr(self, name, value)

    def __repr__(self):
        shown = dict(vars(self), api_key="***" if self.api_key else None)
        return "SDKConfig(%s)" % ", ".join("%s=%r" % item for item in shown.items())


def _warn(message):
    import warnings

    warnings.warn(message, RuntimeWarning, stacklevel=4)


_config = SDKConfig()


def configure(**settings):
    """Change settings and return the configuration in force.

    Takes any name of SDKConfig. With `record_args=True` calls are recorded
    to `recording_file` (default recordings/args.jsonl). Raises ValueError
    for an unknown name or a value out of range, and then changes nothing.
    """
    checked = {}
    for name, value in settings.items():
        if name not in _SETTINGS:
            raise ValueError("unknown configuration parameter: %s" % name)
        checked[name] = _SETTINGS[name][2](value)
    vars(_config).update(checked)
    if "record_args" in checked or "recording_file" in checked:
        _apply_recording()
    return _config


def get_config():
    """Return the configuration in force (one object, changed in place)."""
    return _config


def reset_config():
    """Go back to the environment and the defaults; return the configuration."""
    _config.__init__()
    _apply_recording()
    return _config


def _apply_recording():
    from . import recording

    recording.apply_config(_config)


def load_env(dotenv_path=None, *, override=True, refresh_config=True):
    """Read KEY=VALUE lines of a `.env` file into the environment.

    `dotenv_path` is a file or a folder that holds `.env`; without it `.env`
    is looked for in the current folder and those above. With `override`
    variables that exist are replaced. With `refresh_config` the settings are
    then read again from the environment. Returns whether a file was read.
    """
    path = _find_env(dotenv_path)
    if path is None:
        return False
    with open(path, encoding="utf-8-sig") as lines:
        for name, value in _parse_env(lines):
            if override or name not in os.environ:
                os.environ[name] = value
    if refresh_config:
        reset_config()
    return True


def _find_env(given):
    if given is not None:
        path = os.path.expanduser(os.fspath(given))
        if os.path.isdir(path):
            path = os.path.join(path, ".env")
        return path if os.path.isfile(path) else None
    folder = os.getcwd()
    while True:
        path = os.path.join(folder, ".env")
        if os.path.isfile(path):
            return path
        if os.path.dirname(folder) == folder:
            return None
        folder = os.path.dirname(folder)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def _parse_env(lines):
    """Yield (name, value) for each assignment: `export` is allowed before it,
    single quotes keep a value as it is, double quotes know \\n, \\r, \\t, and
    ${NAME} or ${NAME:-default} is expanded outside single quotes."""
    import re

    line_of = re.compile(
        r"""\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*
        (?: '([^']*)' | "((?:[^"\\]|\\.)*)" | (.*?) ) \s*(?:(?<=[\s'"=])\#.*)?$""",
        re.VERBOSE,
    )
    variable = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")

    def expand(text):
        return variable.sub(lambda m: os.environ.get(m[1]) or m[2] or "", text)

    for line in lines:
        match = line_of.match(line.rstrip("\n"))
        if not match:
            continue
        name, single, double, bare = match.groups()
        if single is not None:
            yield name, single
        elif double is not None:
            yield name, re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), expand(double))
        else:
            yield name, expand(bare)
