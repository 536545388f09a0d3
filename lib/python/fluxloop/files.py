"""Append to files that other processes and threads append to as well."""

import os

try:
    import fcntl
except ImportError:  # not a Unix: there is O_APPEND alone
    fcntl = None


def append_lines(path, data):
    """Append `data` (bytes: whole lines, each with its newline) to a file.

    The data is written in one write(), under an exclusive lock. If the file's
    last line lacks its newline, because its writer was killed, the newline is
    written first. The file is created with mode 0600, missing folders with
    0700. Raises OSError.

    The file is opened for each call: flock() locks the open file, and a forked
    child would share both.
    """
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if fcntl:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_torn(descriptor):
            data = b"\n" + data
        if os.write(descriptor, data) != len(data):
            raise OSError("short write to %s" % path)
    finally:
        os.close(descriptor)


def _is_torn(descriptor):
    """Whether the file's last line lacks its newline."""
    try:
        size = os.fstat(descriptor).st_size
        return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    except OSError:  # a pipe or a device
        return False
