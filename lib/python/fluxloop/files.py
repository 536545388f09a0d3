"""Appending to files that other processes and threads append to as well."""

import os

try:
    import fcntl
except ImportError:  # not a Unix: O_APPEND has to do
    fcntl = None


def append(path, data):
    """Append `data` (whole lines, each with its newline) to the file `path`.

    One write under an exclusive lock. A torn last line, left by a writer that
    was killed, is ended first, so that it cannot swallow ours. The file is
    made 0600, missing folders 0700. Raises OSError.

    The file is opened anew each time: a lock belongs to an open file, and one
    shared with a forked child would not keep the child out.
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
    """Whether the file's last byte is something other than a newline."""
    try:
        size = os.fstat(descriptor).st_size
        return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    except OSError:  # a pipe or a device has no last byte
        return False
