"""`verify` as a page: what was counted, and each difference with both texts. Of what is not public
it names numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from tracker_migrate.engine.differing import Both
from tracker_migrate.engine.verify import Verified
from tracker_migrate.model import kind_of, name_of
from tracker_migrate.report import pages
from tracker_migrate.report.sides import Line, sides

#: rows of a list; what is left out is counted
MANY = 500


class Shown(msgspec.Struct, frozen=True):
    """A difference and its lines."""

    of: Both
    lines: list[Line]


def page(target: str, address: str, seen: Verified, when: datetime, drawn: str = "") -> str:
    """The page of one target. when: it was read. drawn: what part of it was, if not all."""
    told = {(one.key, one.field) for one in seen.texts}
    others = [one for one in seen.differs if (one.key, one.field) not in told]
    held: dict[str, Any] = {
        "target": target,
        "address": address,
        "it": seen,
        "when": when.strftime("%Y-%m-%d %H:%M UTC"),
        "drawn": drawn,
        "others": others,
        "reasons": _reasons(seen),
        "lists": list(_lists(seen)),
        "off": [row for row in seen.counted.rows if row.source != row.target],
        "label": label,
        "many": MANY,
    }
    shown = [Shown(one, _lines(one)) for one in seen.texts]
    return pages.fitting(lambda most: pages.render(_PAGE, shown=shown[:most], **held))


def _lines(one: Both) -> list[Line]:
    return sides(one.ours, one.theirs) if one.ours is not None else sides("", one.theirs)


def label(key: str) -> str:
    """A key for people. A task's names the series that it is in: of anything that may be of a
    private issue that part is left out."""
    bare = key.partition("@")[0]
    parts = bare.split(":", 2)
    if len(parts) < 3:
        return bare
    return f"{kind_of(bare)} {name_of(bare)}"  # type: ignore[arg-type]


class Why(msgspec.Struct):
    """What is not at the target, for one reason: how many of each kind."""

    outcome: str
    reason: str
    kinds: dict[str, int] = {}


def _reasons(seen: Verified) -> list[Why]:
    """By reason; what holds most is first."""
    found: dict[tuple[str, str], Why] = {}
    for (outcome, kind, reason), count in seen.account.reasons.most_common():
        found.setdefault((outcome, reason), Why(outcome, reason)).kinds[kind] = count
    return sorted(found.values(), key=lambda one: -sum(one.kinds.values()))


_EXPOSED = """An outsider can read them, or something of them can't be taken back. Close them at the
target first, then look at docs/privacy.md."""
_MISSING = """They should be at the target. apply writes what was never written; what somebody
removed there is not made again."""
_TWICE = "See docs/doubled.md; adopt tells the ledger what it lost."
_UNWANTED = """Taken away at the source since they were written. They stay: whoever works at the
target decides."""


def _lists(seen: Verified) -> Iterator[tuple[str, str, list[str]]]:
    """Heading, what is to be done, and what is in it."""
    yield "EXPOSED", _EXPOSED, [*seen.exposed]
    yield "Not there", _MISSING, [*seen.missing]
    yield "There twice, or not known to the ledger", _TWICE, [*seen.doubled, *seen.unplanned]
    yield "Wanted no more, and still there", _UNWANTED, [*seen.unwanted]


_PAGE = """\
{% extends "page" %}
{% import "parts" as parts %}
{% block name %}{{ target }}: what stands there{% endblock %}
{% block style %}
table.sides { table-layout: fixed; margin: .3rem 0 1.6rem }
table.sides td { font: .84rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; border: 0; padding: .05rem .6rem; width: 50%;
  height: 1.4rem }
table.sides th { padding: .2rem .6rem; border-bottom: 1px solid var(--line); font-size: .85rem }
table.sides td.was { background: color-mix(in srgb, var(--red-mark) 13%, transparent) }
table.sides td.is { background: color-mix(in srgb, var(--green) 15%, transparent) }
table.sides td.fold { color: var(--soft); text-align: center; padding: .25rem }
.verdict { font-size: 1.2rem; font-weight: 600; margin: .8rem 0 .3rem; max-width: none }
h3.of { margin: 1.6rem 0 .2rem; font-weight: 600; overflow-wrap: anywhere }
ul.keys-list { columns: 16rem; padding-left: 1.1rem; margin: .4rem 0; font-size: .94rem }
@media (max-width: 44rem) { table.sides td { font-size: .74rem; padding: .05rem .3rem } }
{% endblock %}
{% block lead %}
{{ address }}, read back on {{ when }}{{ drawn }}.
{% endblock %}
{% macro linked(address, text) -%}
{% if address %}<a href="{{ address }}">{{ text }}</a>{% else %}{{ text }}{% endif %}
{%- endmacro %}
{% block body %}
{% if it.agrees %}
<p class="verdict good">Source and target agree, but for what is refused or lost with its reason.
</p>
{% else %}
<p class="verdict bad">Source and target do not agree.</p>
{% endif %}
<dl class="stats">
{{ parts.stat(it.account.objects|count, "at the source") }}
{{ parts.stat(it.account.found|count, "found here") }}
{{ parts.stat(it.account.refused|count, "refused", "warn" if it.account.refused else "") }}
{{ parts.stat(it.account.lost|count, "can’t be held") }}
{{ parts.stat(it.account.missing|count, "missing", "bad" if it.account.missing else "") }}
{{ parts.stat(it.differs|length|count, "fields differ", "bad" if it.differs else "") }}
{{ parts.stat((it.doubled|length + it.unplanned|length)|count, "twice, unknown",
              "bad" if it.doubled or it.unplanned else "") }}
{{ parts.stat(it.exposed|length|count, "exposed of " ~ it.private|count ~ " private",
              "bad" if it.exposed else "") }}
</dl>
<p class="soft">{{ it.fields|count }} fields were compared; {{ it.foreign|count }} objects are other
people’s and were left alone.
{% if it.closed %}{{ it.closed|count }} issues are closed for all but the importer.{% endif %}
{% if it.pending %}<b class="bad">{{ it.pending|count }} issues are not written yet.</b>{% endif %}
</p>

{% for heading, cure, keys in lists if keys %}
<section><h2>{{ heading }} <small>{{ keys|length|count }}</small></h2>
<p>{{ cure }}</p>
<ul class="keys-list">{% for key in keys[:many] %}<li>{{ label(key) }}</li>{% endfor %}
{% if keys|length > many %}
<li class="soft">and {{ (keys|length - many)|count }} more</li>
{% endif %}
</ul></section>
{% endfor %}

{% if it.differs %}
<section><h2>What differs <small>{{ it.differs|length|count }}</small></h2>
<p>A field that is not what was sent: somebody changed it at the target, or the server did. It is
kept as it is there.</p>
{% for one in shown %}
{% set of = one.of %}
<h3 class="of">{{ of.field }} of
{{ linked(of.home, label(of.key)) }} at {{ linked(of.url, of.place) }}</h3>
{% if of.policy %}<p class="soft">Changed by somebody: {{ of.policy }}.</p>{% endif %}
<table class="sides"><thead><tr>
<th>{% if of.ours is none %}ours can’t be made again{% elif of.as_sent %}what we wrote
{%- else %}what we would write by now: the source or a table has changed since{% endif %}</th>
<th>what stands there</th></tr></thead><tbody>
{% for line in one.lines %}
{% if line.folded %}
<tr><td class="fold" colspan="2">{{ line.folded }} line{{ "s" if line.folded > 1 }} alike</td></tr>
{% else %}
<tr><td{% if line.differs and line.left is not none %} class="was"{% endif %}>
{{- line.left or "" }}</td>
<td{% if line.differs and line.right is not none %} class="is"{% endif %}>
{{- line.right or "" }}</td></tr>
{% endif %}
{% endfor %}
</tbody></table>
{% if of.cut %}<p class="soft">The texts are longer; this is their beginning.</p>{% endif %}
{% endfor %}
{% if it.texts|length > shown|length %}
<p class="soft">{{ (it.texts|length - shown|length)|count }} more have no room on this page:
verify --only bug:… shows them.</p>
{% endif %}
{% if others %}
<h3>By number alone</h3>
<p>Of what not everybody may read, and of what is beyond the first few hundred, no text is shown.
</p>
<div class="wide" tabindex="0"><table><thead><tr><th>of</th><th>field</th></tr></thead><tbody>
{% for one in others[:many] %}
<tr><td>{{ label(one.key) }}</td><td>{{ one.field }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if others|length > many %}
<p class="soft">and {{ (others|length - many)|count }} more</p>
{% endif %}
{% endif %}
</section>
{% endif %}

{% if reasons %}
<section><h2>What is not there, and why</h2>
<div class="wide" tabindex="0"><table>
<thead><tr><th></th><th class="n">how many</th><th>what</th><th>why</th></tr></thead><tbody>
{% for one in reasons[:many] %}
<tr><td class="{{ {'refused': 'warn', 'missing': 'bad'}.get(one.outcome, 'rest') }}">
{{- one.outcome }}</td><td class="n">{{ one.kinds.values()|sum|count }}</td>
<td>{% for kind, n in one.kinds.items() %}{{ n|count }} {{ kind }}{{ "s" if n > 1 }}
{{- ", " if not loop.last }}{% endfor %}</td><td>{{ one.reason }}</td></tr>
{% endfor %}
</tbody></table></div></section>
{% endif %}

{% if it.counted.rows %}
<section><h2>Tasks, counted at both ends</h2>
<p>{{ it.counted.source|count }} should be there, {{ it.counted.target|count }} are
{%- if off %}; <b class="bad">{{ it.counted.differ|count }} stand otherwise than they should</b>
{%- else %}, row by row{% endif %}. What not everybody may read is counted by its status
alone.</p>
{% macro rows(held) %}
<div class="wide" tabindex="0"><table><thead><tr><th>project</th><th>series</th><th>milestone</th>
<th>status</th><th class="n">source</th><th class="n">here</th></tr></thead><tbody>
{% for row in held[:many] %}
<tr{% if row.source != row.target %} class="bad"{% endif %}><td>{{ row.project }}</td>
<td>{{ row.series or "—" }}</td><td>{{ row.milestone or "—" }}</td><td>{{ row.status or "—" }}</td>
<td class="n">{{ row.source|count }}</td><td class="n">{{ row.target|count }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
{% if off %}{{ rows(off) }}{% endif %}
<details><summary>All {{ it.counted.rows|length|count }} rows</summary>
{{ rows(it.counted.rows) }}</details></section>
{% endif %}
{% endblock %}
"""
