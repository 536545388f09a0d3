"""Change the settings, from a program or from a `.env` file."""

import os

from .settings import SDKConfig, convert_settings, get_config

__all__ = ["SDKConfig", "configure", "get_config", "load_env", "reset_config"]


def configure(**settings):
    """Change settings and return the configuration in force.

    Takes any attribute of SDKConfig as a keyword. With `record_args=True`
    calls are recorded to `recording_file` (default recordings/args.jsonl).
    Raises ValueError for an unknown name or a value out of range, without
    changing anything.
    """
    config, checked = get_config(), convert_settings(settings)
    vars(config).update(checked)
    if "record_args" in checked or "recording_file" in checked:
        _apply_recording(config)
    return config


def reset_config():
    """Reset all settings to the environment or the defaults; return the configuration."""
    config = get_config()
    config.__init__()
    _apply_recording(config)
    return config


def _apply_recording(config):
    from . import recording

    recording.apply_config(config)


def load_env(dotenv_path=None, *, override=True, refresh_config=True):
    """Read KEY=VALUE lines of a `.env` file into the environment.

    `dotenv_path` is a file, or a folder with a file `.env`; by default `.env`
    is searched for in the current folder and its parents. `override` replaces
    variables that exist. `refresh_config` then resets the settings, so that
    the new variables take effect. Returns whether a file was read. Raises
    OSError and UnicodeDecodeError.
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
    """Yield (name, value) for each assignment, which may start with `export`.
    A value in single quotes is literal; in double quotes \\n, \\r and \\t are
    escapes; ${NAME} and ${NAME:-default} are expanded outside single quotes.
    Other lines are skipped."""
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
