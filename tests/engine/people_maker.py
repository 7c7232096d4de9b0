"""People with accounts at two trackers, and the truth of who is who: made from nothing that the
matcher knows of."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

_FIRST = ("alba", "bruno", "chiara", "dmitri", "elena", "farid", "greta", "ángel", "björn", "zoe")
_PARTS = ("ack", "ber", "co", "du", "eg", "fon", "gru", "hor", "iva", "jen", "ko", "lin", "mo", "ü")
_ENDS = ("er", "ini", "ov", "sson", "-lee", "ez", "ł", "'neil")


@dataclass
class Human:
    """Somebody: how they call themselves here, and there ("" if they are not there)."""

    login: str
    name: str
    other_login: str = ""
    other_name: str = ""
    team: bool = False


@dataclass
class Truth:
    """humans: everybody at the source. strangers: accounts of the target that are nobody's here."""

    humans: list[Human] = field(default_factory=list)
    strangers: list[tuple[str, str]] = field(default_factory=list)


def make(draw: random.Random, count: int) -> Truth:
    """So many people. Two thirds have an account; some changed a name on the way, some mistype it,
    some share their name with somebody else; and strangers have names like theirs."""
    truth, logins = Truth(), set[str]()
    for _ in range(count):
        first, last = draw.choice(_FIRST).title(), _last(draw)
        login = _login(draw, first, last, logins)
        human = Human(login, f"{first} {last}" if draw.random() < 0.9 else login)
        if draw.random() < 0.66:
            _move(draw, human, first, last, logins)
        truth.humans.append(human)
        if draw.random() < 0.03:  # a namesake who has no account there
            truth.humans.append(Human(_login(draw, first, last, logins), f"{first} {last}"))
        if draw.random() < 0.02:
            truth.humans.append(Human(f"{login}-team", f"{first}'s {last}s", team=True))
    for _ in range(count // 4):
        truth.strangers.append(_stranger(draw, truth, logins))
    return truth


def _last(draw: random.Random) -> str:
    return "".join([*draw.choices(_PARTS, k=draw.randint(1, 3)), draw.choice(_ENDS)]).title()


def _login(draw: random.Random, first: str, last: str, logins: set[str]) -> str:
    """A user name that nobody has yet, as people make them up."""
    plain = [_plain(first), _plain(last)]
    for _ in range(50):
        made = draw.choice(
            [
                plain[0][0] + plain[1],
                f"{plain[0]}.{plain[1]}",
                plain[0],
                "".join(draw.choices(string.ascii_lowercase, k=draw.randint(4, 9))),
                plain[0] + str(draw.randint(1, 99)),
            ]
        )
        if made not in logins:
            logins.add(made)
            return made
    made = f"{plain[0]}-{len(logins)}"
    logins.add(made)
    return made


def _plain(name: str) -> str:
    kept = {"á": "a", "ö": "o", "é": "e", "đ": "d", "ü": "u", "ş": "s", "ł": "l"}
    return "".join(kept.get(c, c) for c in name.lower() if c.isalnum())


def _move(draw: random.Random, human: Human, first: str, last: str, logins: set[str]) -> None:
    human.other_login, human.other_name = human.login, f"{first} {last}"
    chance = draw.random()
    if chance < 0.25:
        human.other_login = _login(draw, first, last, logins)
    elif chance < 0.35:
        human.other_name = f"{first} {_last(draw)}"  # married
    elif chance < 0.5:
        human.other_name = _typo(draw, human.other_name)
    elif chance < 0.55:
        human.other_name = f"{last}, {first}"
    elif chance < 0.6:
        human.other_name = ""


def _typo(draw: random.Random, name: str) -> str:
    at = draw.randrange(1, len(name) - 1)
    return draw.choice(
        [name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:], name[:at] + "x" + name[at:]]
    )


def _stranger(draw: random.Random, truth: Truth, logins: set[str]) -> tuple[str, str]:
    """Somebody else: with a name of their own; with the login, or the name, of one of ours."""
    first, last = draw.choice(_FIRST).title(), _last(draw)
    like = draw.choice(truth.humans)
    taken = {one.other_login for one in truth.humans} | {login for login, _ in truth.strangers}
    chance = draw.random()
    if chance < 0.2 and like.login not in taken:
        return like.login, f"{first} {last}"
    if chance < 0.4:
        return _login(draw, first, last, logins), like.name
    return _login(draw, first, last, logins), f"{first} {last}"
