"""The stand-in's table of fields, and the WADL made from it, against the recorded WADL."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from tests.backends.launchpad.standin_recordings import RECORDINGS, needs_recordings
from tracker_migrate.backends.launchpad.standin.fields import kinds, names_of
from tracker_migrate.backends.launchpad.standin.wadl import wadl_text
from tracker_migrate.backends.launchpad.standin.wadl_operations import operations_of
from tracker_migrate.backends.launchpad.standin.wadl_options import options_of, type_of

pytestmark = needs_recordings

#: in the stand-in's table, but not among the kinds that the summary of the WADL holds
NOT_SUMMARISED = {"project_group_milestone", "team_membership", "email_address", "branch"}
#: in the summary, but never asked by the product
NOT_SERVED = {"structural_subscription", "pillars"}
WADL = "{http://research.sun.com/wadl/2006/10}"


def summary() -> dict[str, Any]:
    text = (RECORDINGS / "wadl-summary.json").read_text()
    found: dict[str, Any] = json.loads(text)["devel"]
    return found


def entries() -> list[str]:
    if not RECORDINGS.is_dir():
        return []
    return [kind for kind, what in summary().items() if what["fields"] and kind not in NOT_SERVED]


def test_all_kinds_of_entries_are_known() -> None:
    assert set(entries()) == set(kinds()) - NOT_SUMMARISED


@pytest.mark.parametrize("kind", entries())
def test_each_kind_has_the_recorded_fields(kind: str) -> None:
    recorded = {field["name"] for field in summary()[kind]["fields"]}
    assert set(names_of(kind)) == recorded


@pytest.mark.parametrize("kind", entries())
def test_each_field_has_the_recorded_type_and_words(kind: str) -> None:
    for field in summary()[kind]["fields"]:
        words = options_of(kind, field["name"])
        assert (type_of(field["name"]), sorted(words)) == (
            field["type"],
            sorted(field["options"] or ()),
        ), field["name"]


@pytest.mark.parametrize("kind", [*entries(), "bugs", "people", "projects"])
def test_each_operation_is_a_recorded_one(kind: str) -> None:
    recorded = {one["op"]: one for one in summary()[kind]["operations"].values() if one["op"]}
    for operation in operations_of(kind):
        known = recorded[operation.name]
        assert known["http"] == operation.method
        assert {name for name, _ in operation.params} <= set(known["params"]), operation.name


def test_the_wadl_names_every_field_of_every_kind() -> None:
    root = Xml.fromstring(wadl_text("http://127.0.0.1/devel/"))
    found = {
        representation.get("id"): [param.get("name") for param in representation]
        for representation in root.iter(f"{WADL}representation")
        if representation.get("id")
    }
    assert {kind: found[f"{kind}-full"] for kind in kinds()} == {
        kind: names_of(kind) for kind in kinds()
    }
