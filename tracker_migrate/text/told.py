"""Where the words of each field of the model stand that a target has no field for: what the writers
of this folder do for every sink. A sink's own rules say what it has fields for.

Every field stands here by name, also what is told nowhere and why: a test fails if the model gains
one that does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from tracker_migrate.interfaces import Rule


def _text(where: str, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(outcome="text", note=where))


def _lost(why: str, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(outcome="lost", note=why))


_ORIGIN = "in the line of origin"
_BELOW = "in the details below the description"
_ISSUE = {
    **_text(_ORIGIN, "key kind name home author created"),
    **_text(_BELOW, "updated information_type tags extra"),
    **_text("in the description", "title description"),
}
_PROFILE = "a profile is its owner's: it is not copied, and the person's address leads to it"
_ABOUT = (
    "about the {} as a whole, and changes without any issue: a text that said it would soon be "
    "wrong, and the page at the target is its people's"
)

#: entity → field → what becomes of it where a sink has nothing better. A field of `extra` or
#: `dates` that does not stand here by its whole name is told as those are
TOLD: Mapping[str, Mapping[str, Rule]] = {
    "bug": _ISSUE,
    "blueprint": _ISSUE,
    "task": {
        **_text(
            "in the details' table of tasks",
            "target_name status importance assignee milestone series",
        ),
        **_text("in the name of what is affected, in the table of tasks", "key target project"),
        **_text("as its status, in the table of tasks", "complete"),
        **_text(
            f"{_BELOW}, unless the issue says the same",
            "title home author created extra",
        ),
        **_text(
            _BELOW, "closed status_explanation importance_explanation watch dates"
        ),
    },
    "work_item": _text(
        _BELOW, "key title home status complete assignee milestone extra"
    ),
    "comment": {
        **_text("in the comment's line of origin", "key index home author created"),
        **_text("above the comment's text, unless it is the issue's title again", "subject"),
        **_text("above the comment's text", "edited"),
        **_text("beside the comment's text", "extra"),
        **_text("in the comment", "text"),
        **_lost("a deleted comment is not moved: nothing is left to say it of", "deleted"),
        **_lost("a hidden comment never leaves the source: nothing is left to say it of",
                "withheld"),
    },
    "attachment": {
        **_text("in its address", "key"),
        **_text("with its comment, and in the details", "title home"),
        **_text(_BELOW, "patch url data comment extra"),
        **_lost("the target takes no files", "file"),
    },
    "relation": _text(_BELOW, "kind label url to extra"),
    "change": _text("in the details' history", "when what old new message author extra"),
    "subscription": _text(_BELOW, "person level created by extra"),
    "person": {
        **_text("wherever somebody is named", "display_name home key"),
        **_text("in the details, behind the name that is shown; and in the address", "name"),
        **_lost(_PROFILE, "is_team created state extra"),
        **_lost("a private team is named nowhere", "private"),
    },
    "project": {
        **_text("in the names of what is affected", "key name"),
        **_lost(
            _ABOUT.format("project"),
            "kind title home summary description group focus private official_tags extra",
        ),
    },
    "series": {
        **_text("in the details' table of tasks", "key name project"),
        **_lost(_ABOUT.format("series"), "title home summary status active created extra"),
    },
    "milestone": {
        **_text("in the details' table of tasks", "key name"),
        **_text("as the project of its task, in the table of tasks", "project"),
        **_lost(
            _ABOUT.format("milestone"),
            "series title home summary code_name targeted active extra",
        ),
    },
}  # fmt: skip


def rules_of(own: Mapping[str, tuple[Rule, ...]], entity: str, field: str) -> tuple[Rule, ...]:
    """What can become of a field: a sink's own rules, else where its words stand. own: by
    `entity.field`. Raises KeyError for a field that is named nowhere."""
    name = f"{entity}.{field}"
    whole = f"{entity}.{field.partition('.')[0]}"
    if name in own or whole in own:
        return own[name if name in own else whole]
    told = TOLD[entity]
    return (told[field if field in told else field.partition(".")[0]],)
