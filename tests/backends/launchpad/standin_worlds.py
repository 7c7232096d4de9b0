"""What has to be there before a recorded write or reading makes sense."""

from __future__ import annotations

from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.people import ensure_person, make_admin
from tracker_migrate.backends.launchpad.standin.store import Store

CREATED = "2005-06-06T08:59:51.612277+00:00"


def give_tokens(store: Store, *names: str) -> None:
    """Make people known, with a token each (`TOKEN-of-NAME`); name16 is an admin."""
    for name in names:
        person = ensure_person(store, name, CREATED)
        seed_token(store, person, "lab-client", f"TOKEN-of-{name}", f"SECRET-of-{name}")
    make_admin(store, "~name16")


def cve_and_tracker(store: Store) -> None:
    """The CVE and the bug tracker that recorded writes refer to."""
    store.put_item("bug_tracker", "bugs/bugtrackers/mozilla.org", {
        "name": "mozilla.org", "title": "The Mozilla.org Bug Tracker",
        "base_url": "https://bugzilla.mozilla.org/",
    })  # fmt: skip
    store.put_item("cve", "bugs/cve/1999-2345", {
        "sequence": "1999-2345", "description": "Possible data loss",
        "display_name": "CVE-1999-2345", "title": "CVE-1999-2345 (Candidate)",
        "url": "https://cve.mitre.org/cgi-bin/cvename.cgi?name=1999-2345",
        "date_created": "2005-09-07T19:00:32.944561+00:00",
        "date_modified": "2005-09-13T14:00:03.513099+00:00",
    })  # fmt: skip
