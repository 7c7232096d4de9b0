"""What people of a labelled set are known by besides their names: who has which address here and
there, and what is wrong with it. Made from nothing that the matcher knows of."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.engine.people_maker import Truth

_HOSTS = ("mail.example", "corp.example", "uni.example")


@dataclass
class Identities:
    """ours: by login here, what a table knows of them. theirs: by place among the accounts, what
    the target shows. made_for: by place, whom an earlier move made the account for."""

    ours: dict[str, list[str]] = field(default_factory=dict)
    theirs: dict[int, list[str]] = field(default_factory=dict)
    made_for: dict[int, str] = field(default_factory=dict)


def identities(draw: random.Random, truth: Truth) -> Identities:
    """For each human, and each account of the target: those of humans who moved first, in order,
    then the strangers'. Some have another address by now, some give their team's, some the address
    of somebody who left; some have two accounts; some accounts were made for a name that somebody
    else has by now."""
    made = Identities()
    movers = [one for one in truth.humans if one.other_login]
    team = f"team@{draw.choice(_HOSTS)}"
    for number, human in enumerate(truth.humans):
        own = [f"{human.login}.{number}@{draw.choice(_HOSTS)}"]
        if draw.random() < 0.3:
            own.append(f"N{number}@{draw.choice(_HOSTS).upper()}")
        if draw.random() < 0.05:
            own.append(team)
        if draw.random() < 0.5:
            own.append(f"https://login.launchpad.net/+id/q{number}W")
        made.ours[human.login] = own
    for place, human in enumerate(movers):
        chance = draw.random()
        if chance < 0.5:
            one = draw.choice(made.ours[human.login])
            made.theirs[place] = [one.replace("login.launchpad.net", "login.ubuntu.com")]
        elif chance < 0.6:
            made.theirs[place] = [team]
        elif chance < 0.8:
            made.theirs[place] = [f"elsewhere{place}@{draw.choice(_HOSTS)}"]
        if draw.random() < 0.1:
            made.made_for[place] = human.login
    _spoil(draw, truth, made, len(movers))
    return made


def _spoil(draw: random.Random, truth: Truth, made: Identities, movers: int) -> None:
    """What misleads: a second account with the same address, an address and a name that changed
    hands."""
    for place in range(movers, movers + len(truth.strangers)):
        chance = draw.random()
        if chance < 0.03:
            made.theirs[place] = list(made.theirs.get(draw.randrange(movers), ()))
        elif chance < 0.04:
            made.made_for[place] = draw.choice(truth.humans).login
        elif chance < 0.045:  # an address that a company gave to somebody else
            made.theirs[place] = [made.ours[draw.choice(truth.humans).login][0]]
