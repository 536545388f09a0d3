"""The build backend of the package (PEP 517 and 660): a wheel is a zip archive of
the modules and of some metadata, so nothing has to be installed to make it."""

import base64
import hashlib
import os
import re
import tarfile
import zipfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIME = (1980, 1, 1, 0, 0, 0)  # of each file, so that a wheel is reproducible


def _project():
    """Return {"section.key": value} of the strings in pyproject.toml."""
    found, section = {}, ""
    with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r'\[(.*)\]$|([\w-]+) = "(.*)"$', line.rstrip())
            if match and match[1]:
                section = match[1]
            elif match:
                found["%s.%s" % (section, match[2])] = match[3]
    return found


_about = _project()
_id = "%s-%s" % (_about["project.name"], _about["project.version"])
_info = _id + ".dist-info/"


def _metadata():
    metadata = (
        "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nRequires-Python: %s\n"
    ) % tuple(_about["project." + k] for k in ("name", "version", "description", "requires-python"))
    scripts = [(k, v) for k, v in _about.items() if k.startswith("project.scripts.")]
    points = "".join("%s = %s\n" % (name.rpartition(".")[2], place) for name, place in scripts)
    return {
        _info + "METADATA": metadata,
        _info + "WHEEL": "Wheel-Version: 1.0\nGenerator: fluxloop_build\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        _info + "entry_points.txt": "[console_scripts]\n" + points,
    }


def _modules():
    """Return {path in the wheel: bytes} of the modules."""
    folder, files = os.path.join(HERE, "fluxloop"), {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as module:
                files["fluxloop/" + name] = module.read()
    return files


def _write_wheel(directory, files):
    name, record = _id + "-py3-none-any.whl", ""
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in dict(files, **_metadata()).items():
            data = data.encode() if isinstance(data, str) else data
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            record += "%s,sha256=%s,%d\n" % (path, digest, len(data))
            _add(wheel, path, data)
        _add(wheel, _info + "RECORD", record + _info + "RECORD,,\n")
    return name


def _add(wheel, path, data):
    entry = zipfile.ZipInfo(path, TIME)
    entry.external_attr = 0o100644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    wheel.writestr(entry, data)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, _modules())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, {"fluxloop.pth": HERE + "\n"})


def build_sdist(sdist_directory, config_settings=None):
    def keep(entry):
        return None if "__pycache__" in entry.name else entry

    name = _id + ".tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for path in ("pyproject.toml", "backend", "fluxloop"):
            archive.add(os.path.join(HERE, path), "%s/%s" % (_id, path), filter=keep)
        with open(os.path.join(sdist_directory, "PKG-INFO"), "w", encoding="utf-8") as info:
            info.write(_metadata()[_info + "METADATA"])
        archive.add(info.name, _id + "/PKG-INFO")
        os.remove(info.name)
    return name
