"""Two folders for the files of a StoryBoard, each with its web server: one is open to all, the
other asks for a login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.world import World
from tests.files.folder_server import FolderServer
from tracker_migrate.filestore import Store
from tracker_migrate.testing.loopback import serving

#: below a workspace, so that what is put back with that is put back with it
SERVED = "served"


class Folders:
    """What is in them."""

    def __init__(self, public: FolderServer, closed: FolderServer) -> None:
        self.public, self.closed = public, closed

    def settings(self, *, private: bool = True, **more: Any) -> dict[str, Any]:
        """The table `files` of a target."""
        made = {"folder": str(self.public.folder), "address": self.public.url}
        if private:
            made |= {
                "private_folder": str(self.closed.folder),
                "private_address": self.closed.url,
            }
        return {**made, **more}

    def use(self, here: World, *, private: bool = True, **more: Any) -> None:
        """Have a world's StoryBoard use them. They have their keys by then, so that each file has
        the same place whenever all is put back."""
        for server in (self.public, self.closed):
            Store(server.folder, server.url, f"{here.storyboard.url}/v1").prepare()
        here.options["storyboard"]["files"] = self.settings(private=private, **more)
        here.write_settings()

    def open(self) -> dict[str, bytes]:
        """The files that everybody gets, by place."""
        return files_in(self.public.folder)

    def shut(self) -> dict[str, bytes]:
        """The files that are behind the login."""
        return files_in(self.closed.folder)


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by place."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.glob("??/*/*"))
    }


@contextmanager
def folders(under: Path) -> Iterator[Folders]:
    """Two folders that are still empty, and served."""
    for name in ("public", "closed"):
        (under / name).mkdir(parents=True)
    public, closed = FolderServer(under / "public"), FolderServer(under / "closed", login=True)
    with serving(public), serving(closed):
        yield Folders(public, closed)
