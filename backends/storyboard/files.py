"""Writes attachments into the folders of the settings, looks for them there, and looks at them as
somebody who must not see them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tracker_migrate import interfaces
from tracker_migrate.backends.storyboard.attached import PRIVATE, PUBLIC, SHOWN
from tracker_migrate.backends.storyboard.options import Files
from tracker_migrate.errors import ClosingOnly, Postponed, Refused, Unreachable, UsageError
from tracker_migrate.filestore import Store
from tracker_migrate.interfaces import ClosedAction, Mine, Observed, Receipt, RemoteRef
from tracker_migrate.model import Key
from tracker_migrate.served import Served, given_out, same_place, tried

KIND = "file"


class Spot(msgspec.Struct, frozen=True):
    """Where a file is: in which store (or that it is in none), its hash, and its place in that
    store, or in the one where it was last. As the id of a RemoteRef: `public:HASH:ab/cd…/name`."""

    where: str
    sha256: str
    place: str

    @property
    def name(self) -> str:
        """The file's own name, as it is in its folder."""
        return self.place.rpartition("/")[2]


def spot_of(at: RemoteRef) -> Spot:
    """What a place says. Raises Refused if it is none of ours."""
    where, sha256, place = (*at.id.split(":", 2), "", "")[:3]
    if not place:
        raise Refused("the place of an attachment is none")
    return Spot(where, sha256, place)


class FileWriter:
    """The stores of one target. May be used by several threads.

    files: the settings; None: attachments stay at the source. of: the tracker's address.
    """

    def __init__(self, files: Files | None, of: str) -> None:
        self._settings = files
        self._stores: dict[str, Store] = {}
        if files is not None:
            self._stores[PUBLIC] = Store(Path(files.folder), files.address, of)
            if files.private_folder is not None and files.private_address is not None:
                folder, address = Path(files.private_folder), files.private_address
                self._stores[PRIVATE] = Store(folder, address, of, private=True)
        self._lent: interfaces.Files | None = None
        self._written = 0
        self._guard = threading.Lock()

    def lend(self, files: interfaces.Files) -> None:
        """Where to have the bytes."""
        self._lent = files

    # -- writing ----------------------------------------------------------------------------------

    def write(self, action: ClosedAction) -> Receipt:
        """Carry out an action. Raises Refused, Postponed, Unreachable, UsageError."""
        before = spot_of(action.at) if action.at is not None else None
        if action.op == "delete" and before is not None:
            return self._remove(action, before)
        spot = self._wanted(action, before)
        if before is not None and before.where in SHOWN and before != spot:
            self._move(action, before, spot)
        elif spot.where in SHOWN:
            self._put(spot, self._bytes(spot.sha256), action)
        return Receipt(refs={action.key: self._ref(spot)})

    def _move(self, action: ClosedAction, before: Spot, spot: Spot) -> None:
        """What may not be seen any more goes first; its bytes stay open for as long as it takes."""
        store = self._store(before.where)
        handle = store.open(before.place) if before.sha256 == spot.sha256 else None
        if before.where == PUBLIC != spot.where:
            store.remove(before.place)
        try:
            if spot.where in SHOWN:
                self._put(spot, handle or self._bytes(spot.sha256), action)
        finally:
            if handle is not None:
                handle.close()
        store.remove(before.place)

    def _remove(self, action: ClosedAction, spot: Spot) -> Receipt:
        """Take a file away that is what we put there. Each attachment has a place of its own."""
        if spot.where in SHOWN:
            store = self._store(spot.where)
            if store.sha256(spot.place) not in (None, spot.sha256):
                raise Refused("somebody has put something else in its place: it is left there")
            store.remove(spot.place)
        return Receipt(refs={action.key: RemoteRef(id=_id(spot))})

    def _put(self, spot: Spot, source: BinaryIO, action: ClosedAction) -> None:
        """At most `per_run` bytes a run, though one that is larger than that may be the first."""
        store = self._store(spot.where)
        size = action.fields.get("size") or 0
        most = self._settings.per_run if self._settings is not None else None
        with source:
            if action.op == "create" and store.size(spot.place) is None:
                self._count(size, most)
            store.put(spot.place, source, spot.sha256)

    def _count(self, size: int, most: int | None) -> None:
        with self._guard:
            if most is not None and self._written and self._written + size > most:
                raise Postponed(
                    f"this run has moved as many bytes of files as it may (files.per_run = {most}):"
                    " the next one goes on"
                )
            self._written += size

    def _bytes(self, sha256: str) -> BinaryIO:
        if self._lent is None:
            raise Refused("nobody lends the bytes of attachments: they are not moved")
        return self._lent.open(sha256)

    # -- looking ----------------------------------------------------------------------------------

    def find(self, action: ClosedAction) -> Receipt | None:
        """Where a file is, if the action was carried out; None if it was not."""
        before = spot_of(action.at) if action.at is not None else None
        if action.op == "delete" and before is not None:
            there = before.where in SHOWN and self._has(before)
            return None if there else Receipt(refs={action.key: RemoteRef(id=_id(before))})
        spot = self._wanted(action, before)
        shown = spot.where in SHOWN
        if shown and self._store(spot.where).sha256(spot.place) != spot.sha256:
            return None
        if before is not None and before.where in SHOWN and before != spot and self._has(before):
            return None
        return Receipt(refs={action.key: self._ref(spot)})

    def seen(self, at: RemoteRef) -> Observed | None:
        """A file as it is; None if it is not there."""
        spot = spot_of(at)
        if spot.where not in SHOWN:
            return Observed(at=at, fields={"where": spot.where})
        store = self._store(spot.where)
        size, sha256 = store.size(spot.place), store.sha256(spot.place)
        if size is None or sha256 is None:
            return None
        fields = {"where": spot.where, "size": size, "sha256": sha256}
        return Observed(at=self._ref(spot), fields=fields)

    def made(self) -> Iterator[Mine]:
        """All files that are there. A name may say something of what is private: it is not told."""
        for where, store in self._stores.items():
            for place in store.places():
                sha256 = store.sha256(place)
                at = RemoteRef(
                    id=f"{where}:{sha256}:{place}",
                    number=f"a file in {store.folder / place.rpartition('/')[0]}",
                )
                yield Mine(kinds=(KIND,), at=at, made=True)

    def readable(self, refs: Mapping[Key, RemoteRef]) -> set[Key]:
        """Which files of private issues somebody is given who asks for them without a login."""
        return {key for key, at in refs.items() if self._is_given(key, spot_of(at))}

    def _is_given(self, key: Key, spot: Spot) -> bool:
        public = self._stores.get(PUBLIC)
        if public is not None:
            place = public.place(key, spot.sha256, spot.name)
            if public.size(place) is not None or given_out(public, place):
                return True
        guarded = self._settings is not None and self._settings.private_guard == "login"
        private = self._stores.get(PRIVATE) if guarded else None
        return spot.where == PRIVATE and private is not None and given_out(private, spot.place)

    # -- the settings -----------------------------------------------------------------------------

    def check(self, *addresses: str) -> Mapping[str, str]:
        """Facts for people. addresses: the tracker's own. Raises ClosingOnly with all mistakes, and
        Unreachable."""
        facts: dict[str, str] = {}
        mistakes = list(self._apart())
        for where, store in self._stores.items():
            try:
                found = self._tried(where, store, addresses)
            except UsageError as error:
                found = Served("", (str(error),))
            except Refused as error:  # no room for a file of fifty bytes
                raise Unreachable(str(error)) from None
            facts["files" if where == PUBLIC else "private files"] = found.fact
            mistakes += found.mistakes
        if mistakes:
            raise ClosingOnly("\n".join(f"options.files: {one}" for one in mistakes))
        return facts

    def _tried(self, where: str, store: Store, addresses: Sequence[str]) -> Served:
        if any(same_place(store.address, one) for one in addresses):
            raise UsageError(
                f"{store.address} is on the tracker's own host, where a page that somebody attached"
                " could act as whoever looks at it: give files a host of their own"
            )
        store.prepare()
        return tried(store, login=where == PRIVATE and self._asks_login)

    @property
    def _asks_login(self) -> bool:
        return self._settings is not None and self._settings.private_guard == "login"

    def _apart(self) -> Iterator[str]:
        """The two folders are not one, through a link."""
        folders = [store.folder.resolve() for store in self._stores.values()]
        if len(folders) == 2:
            one, other = folders
            if one == other or one in other.parents or other in one.parents:
                yield "folder and private_folder lead to one place, or one into the other"

    # -- small ------------------------------------------------------------------------------------

    def _wanted(self, action: ClosedAction, before: Spot | None) -> Spot:
        """Where a file has to be after an action."""
        fields: dict[str, Any] = action.fields
        old = before or Spot("", "", "")
        where = fields.get("where", old.where)
        sha256, name = fields.get("sha256", old.sha256), fields.get("name", old.name)
        if where not in SHOWN:
            return Spot(where, sha256, old.place or f"-/-/{name}")
        return Spot(where, sha256, self._store(where).place(action.key, sha256, name))

    def _store(self, where: str) -> Store:
        if where not in self._stores:
            raise Refused(
                f"the file is in a {where} folder, which the settings name no more: see"
                " [targets.NAME.files]"
            )
        return self._stores[where]

    def _has(self, spot: Spot) -> bool:
        return self._store(spot.where).size(spot.place) is not None

    def _ref(self, spot: Spot) -> RemoteRef:
        shown = spot.where in SHOWN
        url = self._store(spot.where).url(spot.place) if shown else ""
        return RemoteRef(id=_id(spot), url=url)


def _id(spot: Spot) -> str:
    return f"{spot.where}:{spot.sha256}:{spot.place}"
