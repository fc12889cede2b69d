"""Which folders there are and what is in them: the store knows files only."""

from __future__ import annotations

from appliance.model.store.changes import File


class TreeIndex:
    """Kept up to date file by file. A folder is where a file is below.

    size_bytes: of all files. Times of folders are those of the newest file ever seen in them.
    """

    __slots__ = ("_below", "_sizes", "_times", "size_bytes")

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sizes: dict[str, int] = {}
        self._below: dict[str, dict[str, int]] = {}  # folder: its names, how many files at each
        self._times: dict[str, int] = {}

    @property
    def files(self) -> int:
        return len(self._sizes)

    def set(self, path: str, file: File | None) -> None:
        """This is there now, or nothing."""
        before = self._sizes.pop(path, None)
        self.size_bytes -= before or 0
        if file is not None:
            self._sizes[path] = len(file.content)
            self.size_bytes += len(file.content)
            folder = path.rpartition("/")[0]
            self._times[folder] = max(file.mtime_s, self._times.get(folder, 0))
        step = (file is not None) - (before is not None)
        if step:
            self._count(path, step)

    def _count(self, path: str, step: int) -> None:
        names = path.split("/")
        for depth, name in enumerate(names):
            folder = "/".join(names[:depth])
            below = self._below.setdefault(folder, {})
            below[name] = below.get(name, 0) + step
            if not below[name]:
                del below[name]
            if not below:
                del self._below[folder]
                self._times.pop(folder, None)

    def is_folder(self, path: str) -> bool:
        return path in self._below

    def names(self, folder: str) -> tuple[str, ...]:
        """In no order."""
        return tuple(self._below.get(folder, ()))

    def mtime_s(self, folder: str) -> int:
        return self._times.get(folder, 0)
