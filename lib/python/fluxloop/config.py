"""Change the settings, from a program or from a `.env` file."""

import os
import warnings

from . import dotenv
from .report import visible
from .settings import SDKConfig, convert_settings, get_config

__all__ = ["SDKConfig", "configure", "get_config", "load_env", "reset_config"]


def configure(**settings):
    """Change settings; return the SDKConfig in force.

    Takes each attribute of SDKConfig as a keyword (fluxloop(7) lists them). With
    `record_args=True` calls are recorded to `recording_file` (default
    recordings/args.jsonl). Raises ValueError for an unknown name or an invalid
    value; then no setting is changed.
    """
    config, checked = get_config(), convert_settings(settings)
    vars(config).update(checked)
    if "record_args" in checked or "recording_file" in checked:
        _apply_recording(config)
    return config


def reset_config():
    """Reset all settings to the environment or the defaults; return the SDKConfig."""
    config = get_config()
    config.__init__()
    _apply_recording(config)
    return config


def _apply_recording(config):
    from . import recording

    recording.apply_config(config)


def load_env(dotenv_path=None, *, override=True, refresh_config=True):
    """Read the NAME=VALUE lines of a `.env` file into the environment.

    dotenv_path     a file, or a folder with a file `.env`; by default `.env` is
                    searched for in the current folder and its parents
    override        replace variables that exist
    refresh_config  then reset the settings, so that the new variables take effect

    Returns whether a file was read. Raises OSError if it cannot be read. Each
    invalid line is skipped with a RuntimeWarning; fluxloop-setting(5) has the
    grammar.
    """
    path = _find_env(dotenv_path)
    if path is None:
        return False
    # bytes that are not UTF-8 pass through, as they do in the environment
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        values, complaints = dotenv.parse(file.read(), os.environ)
    for line, complaint in complaints:
        message = visible("%s:%d: %s" % (path, line, complaint))
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    for name, value in values.items():
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
