"""The settings: the arguments of `configure`, else the environment, else defaults."""

import os

from .report import visible


def _boolean(value):
    if not isinstance(value, str):
        return bool(value)
    word = value.strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off", ""):
        return False
    raise ValueError("must be true or false, not %r" % value)


def _optional_text(value):
    return None if value is None else str(value)


def _url(value):
    if value is None:
        return None
    scheme, separator, rest = str(value).partition("://")
    if not (scheme and separator and rest.split("/")[0]):
        raise ValueError("must be a URL such as http://host:8000, not %r" % value)
    return str(value).rstrip("/")


def _fraction(value):
    value = float(value)
    if not 0 <= value <= 1:
        raise ValueError("must be between 0 and 1")
    return value


def _batch(value):
    value = int(value)
    if not 1 <= value <= 100:
        raise ValueError("must be between 1 and 100")
    return value


# name: (environment variable, default, conversion). A conversion takes a str or
# a value of the setting's type; for an invalid one it raises ValueError, TypeError
# or OverflowError. The settings of the collector, its batches and its queue have no
# effect: they are accepted so that programs written for the hosted service run
# unchanged.
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
    "mask_secrets": ("FLUXLOOP_MASK_SECRETS", True, _boolean),
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
        for name, (variable, default, convert) in _SETTINGS.items():
            value = os.environ.get(variable)
            try:
                # an empty variable is as good as none
                value = convert(value) if value else default
            except ValueError as error:
                _warn("%s is ignored: %s" % (variable, error))
                value = default
            setattr(self, name, value)

    def __repr__(self):
        shown = dict(vars(self), api_key="***" if self.api_key else None)
        return "SDKConfig(%s)" % ", ".join("%s=%r" % item for item in shown.items())


def _warn(message):
    import warnings

    warnings.warn(visible(message), RuntimeWarning, stacklevel=4)


_config = SDKConfig()


def get_config():
    """Return the configuration in force (one object, changed in place)."""
    return _config


def convert_settings(settings):
    """Return a copy of `settings` (name -> value) with converted values. Raises
    ValueError for an unknown name or an invalid value."""
    checked = {}
    for name, value in settings.items():
        if name not in _SETTINGS:
            raise ValueError("unknown configuration parameter: %s" % name)
        try:
            checked[name] = _SETTINGS[name][2](value)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError("%s: %s" % (name, error)) from None
    return checked
