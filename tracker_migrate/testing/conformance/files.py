"""What a source must keep that gives attachments' bytes: whole, or told; and never held."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tracker_migrate.errors import Gone, LoginNeeded, MigrateError, Retriable, Unreachable
from tracker_migrate.interfaces import Download, GivesFiles, Source
from tracker_migrate.model import Attachment, Key
from tracker_migrate.testing.conformance.laws import broken, must
from tracker_migrate.testing.conformance.mover import said
from tracker_migrate.testing.conformance.origin import SourceChecks, SourceUnderTest

_MB = 2**20
#: bytes that a file of any length may take of our memory, and the longest piece
_MEMORY, _PIECE = 16 * _MB, _MB
#: what may be raised for a file that did not come
_MAY = (Retriable, Unreachable)


class FileChecks(SourceChecks):
    """What a source must keep of files. Skipped, with a word, for one that gives none."""

    def test_a_file_comes_whole(self, origin: SourceUnderTest) -> None:
        """Its bytes, its length, a name that is one, a media type."""
        with self.opened(origin) as source:
            giver, files = self._files(origin, source)
            for one, held in files:
                with giver.download(one) as got:
                    parts = list(got.parts)
                    self._said(got, held)
                must(
                    b"".join(parts) == held,
                    "whole",
                    f"of a file of {len(held)} bytes come {sum(map(len, parts))}, or others",
                    expected="the bytes as they are stored",
                    cure="decode nothing, unpack nothing, and read to the end",
                )
                must(
                    max(map(len, parts), default=0) <= _PIECE,
                    "whole",
                    f"a file comes in pieces of {max(map(len, parts), default=0)} bytes",
                    expected="pieces of a megabyte at most; 256 KB are fine",
                    cure="read it piece by piece",
                )

    def test_a_file_goes_on_where_it_was_asked_to(self, origin: SourceUnderTest) -> None:
        """Or begins anew, and says so; from behind its end as well."""
        with self.opened(origin) as source:
            giver, files = self._files(origin, source)
            one, held = max(files, key=lambda pair: len(pair[1]))
            for start in (1, len(held) // 2, len(held) - 1, len(held), len(held) + 5):
                with giver.download(one, start) as got:
                    begins, rest = got.start, b"".join(got.parts)
                must(
                    begins in (0, start) and rest == held[begins:],
                    "whole",
                    f"asked for from byte {start} of {len(held)}, it says that it begins at "
                    f"{begins}, and {len(rest)} bytes come",
                    expected="`start` is where `parts` begin: what was asked for, or 0",
                    cure="believe no part that does not say so; ask anew, from the beginning",
                )

    def test_a_file_that_is_not_there_is_gone(self, origin: SourceUnderTest) -> None:
        """And is no empty one."""
        with self.opened(origin) as source:
            giver = self._giver(source)
            one = self._attachment(origin, source, self.shown(origin.missing_file))
            try:
                with giver.download(one) as got:
                    list(got.parts)
            except Gone:
                return
        broken("told", "a file that is not there any more is given", expected="Gone",
               cure="see what the server says of it")  # fmt: skip

    def test_a_file_that_breaks_off_is_told(self, origin: SourceUnderTest) -> None:
        """What came of it is the beginning; the next download has it all."""
        with self.opened(origin) as source:
            giver, files = self._files(origin, source)
            one, held = max(files, key=lambda pair: len(pair[1]))
            self.shown(origin.cut_file)
            came: list[bytes] = []
            try:
                with giver.download(one) as got:
                    came.extend(got.parts)
            except _MAY:
                pass
            except MigrateError as error:
                broken(
                    "told",
                    f"{type(error).__name__} for a file that breaks off",
                    expected="Retriable or Unreachable",
                    cure="what breaks off once is no fact about the file",
                )
            else:
                must(
                    b"".join(came) == held,
                    "whole",
                    f"of {len(held)} bytes {sum(map(len, came))} came, and that was all",
                    expected="Retriable from `parts`",
                    cure="count, and compare with the length that the server said",
                )
            origin.calm()
            with giver.download(one) as got:
                again = b"".join(got.parts)
            must(again == held, "whole", "after one that broke off, a file is another",
                 expected="the whole file", cure="use no broken connection again")  # fmt: skip

    def test_a_login_that_ran_out_is_no_missing_file(self, origin: SourceUnderTest) -> None:
        """LoginNeeded, or the bytes, where none is needed."""
        with self.opened(origin) as source:
            giver, files = self._files(origin, source)
            self.shown(origin.strike, "expired")
            try:
                with giver.download(files[0][0]) as got:
                    list(got.parts)
            except (LoginNeeded, *_MAY):
                return
            except Gone:
                broken("told", "a login that ran out makes a file Gone", expected="LoginNeeded",
                       cure="401 is about us, 404 is about the file")  # fmt: skip
            finally:
                origin.calm()

    def test_many_files_come_at_once(self, origin: SourceUnderTest) -> None:
        """`download` is called from several threads: no byte is another file's."""
        with self.opened(origin) as source:
            giver, files = self._files(origin, source)

            def whole(one: Attachment) -> bytes:
                with giver.download(one) as got:
                    return b"".join(got.parts)

            with ThreadPoolExecutor(6) as pool:
                came = list(pool.map(whole, [one for one, _ in files] * 4))
            right = [held for _, held in files] * 4
            wrong = sum(a != b for a, b in zip(came, right, strict=True))
            must(
                not wrong,
                "whole",
                f"{wrong} of {len(came)} files have the bytes of others",
                expected="each its own",
                cure="give each download a connection of its own",
            )

    def test_a_file_of_any_length_passes_through(self, origin: SourceUnderTest) -> None:
        """In memory that does not grow with it."""
        with self.opened(origin) as source:
            giver = self._giver(source)
            key, size = self.shown(origin.long_file)
            one, count = self._attachment(origin, source, key), 0
            with _measured() as peak:
                with giver.download(one) as got:
                    for part in got.parts:
                        count += len(part)
                most = peak()
            must(count == size, "whole", f"of {size} bytes {count} come", expected="all",
                 cure="read it to its end")  # fmt: skip
            must(
                most < _MEMORY,
                "whole",
                f"a file of {size // _MB} MB takes {most // _MB} MB of memory",
                expected=f"less than {_MEMORY // _MB} MB, whatever its length",
                cure="hand each piece on as it comes",
            )

    # -- inside -----------------------------------------------------------------------------------

    def _giver(self, source: Source) -> GivesFiles:
        if not isinstance(source, GivesFiles):
            pytest.skip("not shown: this source gives no files")
        return source

    def _files(
        self, origin: SourceUnderTest, source: Source
    ) -> tuple[GivesFiles, list[tuple[Attachment, bytes]]]:
        giver = self._giver(source)
        held = self.shown(origin.files)
        found = [(self._attachment(origin, source, key), held[key]) for key in held]
        return giver, found

    def _attachment(self, origin: SourceUnderTest, source: Source, key: Key) -> Attachment:
        """An attachment as a reading has it."""
        __tracebackhide__ = True
        issues = list(origin.keys())
        for of in issues:
            held: tuple[Attachment, ...] = said(source.read, of).issue.attachments
            if (one := next((one for one in held if one.key == key), None)) is not None:
                return one
        return broken("whole", "an attachment is in no issue", expected="its issue has it",
                      cure="see `Issue.attachments`")  # fmt: skip

    def _said(self, got: Download, held: bytes) -> None:
        """What is told of a file before its bytes."""
        __tracebackhide__ = True
        must(
            got.start == 0 and got.size in (None, len(held)),
            "whole",
            f"a file of {len(held)} bytes is said to have {got.size}, from byte {got.start} on",
            expected="its length, or None; 0, for nothing else was asked for",
            cure="take the length that the server says of the whole file",
        )
        name = got.name
        must(
            name.strip(". ") and name.isprintable() and not set("/\\") & set(name)
            and len(name.encode()) <= 255,
            "closed",
            f"a file has a name of {len(name)} characters that is no name",
            expected="one that is not empty, no path, printable, and 255 bytes long at most",
            cure="whoever attached it chose it: make it safe",
        )  # fmt: skip
        kind, slash, rest = got.type.partition("/")
        must(
            kind and slash and rest and got.type.isprintable() and got.type.isascii(),
            "whole",
            "the type of a file is no media type",
            expected="as `text/plain`; application/octet-stream if it is not known",
            cure="take it from the server, if it is one",
        )


@contextmanager
def _measured() -> Iterator[Callable[[], int]]:
    """Yields what tells the most memory that was taken since, in bytes."""
    was_on = tracemalloc.is_tracing()
    if not was_on:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_on:
            tracemalloc.stop()
