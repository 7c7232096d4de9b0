"""A file's name, whatever somebody called it: one part of a path, and nothing that acts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.filenames import LONGEST, safe_name

#: as people and their tools make them up, with what is left
NAMES = {
    "nova-compute.log": "nova-compute.log",
    "Screenshot from 2014-05-06 11:22:33.png": "Screenshot_from_2014-05-06_11_22_33.png",
    "трасса стека.txt": "трасса_стека.txt",
    "core.tar.gz": "core.tar.gz",
    "../../etc/passwd": "passwd",
    "C:\\Users\\x\\report.docx": "report.docx",
    "/": "file",
    "": "file",
    "..": "file",
    "...": "file",
    ".htaccess": "htaccess",
    "-rf": "rf",
    "CON": "file_CON",
    "nul.txt": "file_nul.txt",
    "index.html": "file_index.html",
    "web.config": "file_web.config",
    "a\x00b\x1b[31m.txt": "ab[31m.txt",
    "invoice\u202egpj.exe": "invoicegpj.exe",
    "log.txt. ": "log.txt",
    "a%2f..%2fb": "a_2f.._2fb",
    '<img src=x onerror="alert(1)">.png': "img_src=x_onerror=_alert(1)_.png",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_still_reads_as_it_did(name: str) -> None:
    assert safe_name(name) == NAMES[name]


@given(st.text(max_size=400))
def test_any_name_becomes_one_harmless_part_of_a_path(name: str) -> None:
    made = safe_name(name)
    assert made not in ("", ".", "..")
    assert made[0] not in ".-"
    assert len(made.encode()) <= LONGEST
    assert not set(made) & set("/\\<>:\"'|?*%#&;`$")
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in made)
    assert not any(one.isspace() for one in made)


@given(st.text(max_size=400))
def test_a_safe_name_comes_back_as_it_is(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)


@given(st.text(min_size=200, max_size=300, alphabet=st.characters(codec="utf-8")))
def test_a_long_name_keeps_its_ending(stem: str) -> None:
    made = safe_name(f"x{stem.replace('/', '').replace(chr(92), '')}x.log")
    assert made.endswith(".log")
    assert made.startswith(("x", unicodedata.normalize("NFC", f"x{stem}")[:1]))
