"""`status` as a page: what was read and written, what waits for a person and why, what the last
runs did, and (with a deadline) whether it will be done in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker_migrate.engine.due import Due, Left
from tracker_migrate.engine.outstanding import Group, Overview
from tracker_migrate.engine.upkeep import Upkeep
from tracker_migrate.hosts import in_time
from tracker_migrate.report import pages
from tracker_migrate.report.plots import Series, share
from tracker_migrate.workspace.packing import moment

#: states in the order of a bar: what they are called, and their colour
_STATES = (
    ("done", "written", "native"),
    ("planned", "to be written", "unchanged"),
    ("refused", "refused", "warn"),
    ("aside", "set aside", "warn"),
    ("exposed", "EXPOSED", "bad"),
)
_SAYS = {
    "refused": "refused: it stays at the source until a table or setting says otherwise",
    "aside": "set aside: tried again by the next run, then at growing intervals, or by "
    "apply --retry",
    "exposed": "EXPOSED: closed for all but the importer until it is settled (docs/privacy.md)",
    "stuck": "stuck: changed at the source, and the target can't take the change",
    "unread": "not read: the next pull tries again",
}
_BY = {
    "measured": "at the rate of this workspace's own last runs",
    "costs": "at rates measured on small servers: no run here was long enough to measure by",
    "nothing": "nothing says how long they take: the tracker names no costs, and no run here was "
    "long enough to measure by",
}


def page(
    source: dict[str, Any],
    unread: Sequence[Group],
    targets: Sequence[Overview],
    logins: Mapping[str, Sequence[str]],
    when: datetime,
    sync: Upkeep | None = None,
) -> str:
    """The page. source: as `status --json` has it. logins: lines about them, by target and for
    `source`. sync: how it goes with the daemon."""
    held: dict[str, Any] = {
        "source": source,
        "unread": unread,
        "targets": targets,
        "logins": logins,
        "when": _moment(when),
        "last": _moment(moment(source["last"])) if source["last"] else "never",
        "states": _STATES,
        "bar": _bar,
        "says": _SAYS,
        "moment": _moment,
        "time": in_time,
        "sentence": sentence,
        "how": how_long,
        "sync": sync,
        "iso": lambda text: _moment(moment(text)) if text else "never",
        "word": _word(sync),
    }
    return pages.fitting(lambda most: pages.render(_PAGE, most=most, **held))


def _word(sync: Upkeep | None) -> tuple[str, str]:
    """What becomes of the daemon in a word or two, and its colour."""
    if sync is None or not sync.known:
        return "", ""
    if not sync.runs:
        return ("has ended", "warn") if sync.doing == "ended" else ("is gone", "bad")
    if sync.doing == "paused":
        return "is paused", "warn"
    return ("is waiting", "warn") if sync.doing == "waiting" else ("is running", "good")


def sentence(due: Due) -> str:
    """GO or NO-GO, with how much time is left over."""
    until = _moment(due.deadline)
    if due.stops and due.slack is not None and due.slack >= 0:
        return f"NO-GO for {until}: it is in time, but will not all be there"
    if due.slack is None:
        return f"NO-GO for {until}: nothing says how long it takes"
    if due.slack < 0:
        return f"NO-GO for {until}: {in_time(-due.slack)} too late"
    return f"GO for {until}: {in_time(due.slack)} of slack"


def how_long(rest: Left) -> str:
    """What is left, in words."""
    requests = sum(rest.requests.values())
    if not requests:
        return "nothing is left to write"
    rate = f", {rest.rate:.1f} requests a second" if rest.rate is not None else ""
    if rest.seconds is None:
        return f"{requests} requests are left; {_BY[rest.by]}"
    return f"{requests} requests are left: {in_time(rest.seconds)}, {_BY[rest.by]}{rate}"


def _bar(one: Overview) -> Any:
    return share(
        (Series(name, css), float(one.states.get(state, 0))) for state, name, css in _STATES
    )


def _moment(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M %Z")


_PAGE = """\
{% extends "page" %}
{% import "parts" as parts %}
{% block name %}{{ source.specs|join(", ") }}: where the move stands{% endblock %}
{% block style %}
.verdict { font-size: 1.2rem; font-weight: 600; margin: .8rem 0 .3rem; max-width: none }
table.few { width: auto; min-width: 20rem }
.whole { white-space: nowrap }
.sink { color: var(--soft); overflow-wrap: anywhere }
{% endblock %}
{% block lead %}
As of {{ when }}. {{ source.issues|count }} issues were read, as {{ source.viewer }} may read them;
last pull: {{ last }}.
{% endblock %}
{% macro waiting(groups) %}
<div class="wide" tabindex="0"><table>
<thead><tr><th class="n">issues</th><th>why</th><th>what becomes of it</th></tr></thead><tbody>
{% for one in groups %}
<tr><td class="n">{{ parts.bugs(one.some, most) }}</td><td>{{ one.reason }}</td>
<td class="{{ 'bad' if one.state == 'exposed' else 'soft' }}">{{ says[one.state] }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endmacro %}
{% block body %}
{% if sync and sync.alarms %}
<section><h2>To look at</h2>
<div class="wide" tabindex="0"><table>
<thead><tr><th>of</th><th>what, and what to run</th></tr></thead><tbody>
{% for one in sync.alarms %}
<tr><td>{{ one.of }}</td><td>{{ one.what }}
{%- if one.since %} <span class="soft">(since {{ iso(one.since) }})</span>{% endif %}
<br><code>{{ one.run }}</code></td></tr>
{% endfor %}
</tbody></table></div></section>
{% endif %}
{% if sync and sync.known %}
<section><h2>Keeping up to date</h2>
<p class="verdict {{ word[1] }}">sync {{ word[0] }}</p>
<p>{{ sync.process }}, since {{ iso(sync.began) }}: {{ sync.rounds|count }} rounds.
{% if sync.runs and sync.doing == "resting" %}It rests until the next one.
{% elif sync.doing == "gone" %}It is gone without a word since {{ iso(sync.at) }}.
{% elif sync.doing == "ended" %}It ended on {{ iso(sync.at) }}, with status {{ sync.status }}
{%- if sync.why %}: {{ sync.why }}{% endif %}.
{% else %}It {{ sync.told }}.
{% endif %}
{% if sync.sweep is not none %} The sweep, which reads every issue again, is
{{ "on time" if sync.sweep < 60 else time(sync.sweep) ~ " behind" }}.{% endif %}</p>
<div class="wide" tabindex="0"><table class="few">
<thead><tr><th>of</th><th>last success</th><th>up to date</th><th class="n">waiting</th>
<th>what is in the way</th></tr></thead><tbody>
{% for one in sync.ways %}
<tr><td>{{ one.name }}</td><td class="whole">{{ iso(one.done) }}</td>
<td class="whole">{{ time(one.lag) ~ " ago" if one.lag is not none else "never" }}</td>
<td class="n">{{ one.queue|count if one.name != "source" else "" }}</td>
<td{% if one.error %} class="bad"{% endif %}>{{ one.error }}
{%- if one.failing %} <span class="soft">(since {{ iso(one.failing) }})</span>{% endif %}</td></tr>
{% endfor %}
</tbody></table></div></section>
{% endif %}
{% if unread %}
<section><h2>Not read</h2>{{ waiting(unread) }}</section>
{% endif %}
{% for one in targets %}
<section><h2>{{ one.name }} <small class="sink">{{ one.sink }}</small></h2>
{% if one.due %}
<p class="verdict {{ 'good' if one.due.go else 'bad' }}">{{ sentence(one.due) }}</p>
{% if one.due.stops %}<ul>{% for line in one.due.stops %}<li>{{ line }}</li>{% endfor %}</ul>
{% endif %}
{% if one.due.stays %}<p>{{ one.due.stays|count }} issues stay at the source, as projects.csv
says.</p>{% endif %}
{% endif %}
<p>{{ how(one.left)[:1]|upper }}{{ how(one.left)[1:] }}.</p>
<dl class="stats">
{% for state, name, css in states if one.states.get(state) %}
{{ parts.stat(one.states[state]|count, name, css if css in ("warn", "bad") else "") }}
{% endfor %}
{{ parts.stat(one.edited|count, "edits of people kept") }}
{{ parts.stat(one.in_doubt|count, "requests in doubt", "warn" if one.in_doubt else "") }}
</dl>
{% if one.states %}
{{ bar(one) }}
<ul class="keys">{% for state, name, css in states if one.states.get(state) %}
<li>{{ parts.key(name ~ " " ~ one.states[state], css) }}</li>{% endfor %}</ul>
{% endif %}
{% if one.groups %}
<h3>What waits for a person</h3>
{{ waiting(one.groups) }}
{% endif %}
{% if one.edits %}
<h3>Edits of people, kept</h3>
<p>What somebody made of it at the target stands. Should the source change it, too, this is done:
"target wins" leaves it so, "both kept" adds what the source says as a comment, "source wins" writes
that, and keeps the other where it can be read.</p>
<div class="wide" tabindex="0"><table>
<thead><tr><th>of</th><th>field</th><th>policy</th></tr></thead><tbody>
{% for edit in one.edits[:most] %}
<tr><td>{% if edit.url %}<a href="{{ edit.url }}">{{ edit.of }}</a>{% else %}{{ edit.of }}
{%- endif %}</td><td>{{ edit.field }}</td><td>{{ edit.policy }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if one.edited > one.edits[:most]|length %}
<p class="soft">and {{ (one.edited - one.edits[:most]|length)|count }} more</p>
{% endif %}
{% endif %}
{% if one.left.requests %}
<h3>What is left to write</h3>
<div class="wide" tabindex="0"><table class="few">
<thead><tr><th>request</th><th class="n">how many</th></tr></thead><tbody>
{% for kind, count in one.left.requests|dictsort(by="value", reverse=true) %}
<tr><td>{{ kind }}</td><td class="n">{{ count|count }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if one.runs %}
<h3>Last runs</h3>
<div class="wide" tabindex="0"><table><thead><tr><th>began</th><th>took</th>
<th class="n">requests</th><th class="n">carried out</th><th class="n">not taken</th>
<th class="n">in doubt</th></tr></thead><tbody>
{% for run in one.runs %}
<tr><td>{{ moment(run.began) }}</td><td>{{ time((run.ended - run.began).total_seconds()) }}</td>
<td class="n">{{ run.requests|count }}</td><td class="n">{{ run.done|count }}</td>
<td class="n">{{ run.refused|count }}</td><td class="n">{{ run.open|count }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</section>
{% else %}
<section><p>No target is named yet.</p></section>
{% endfor %}
<section><h2>Logins</h2>
<div class="wide" tabindex="0"><table><thead><tr><th>of</th><th></th></tr></thead><tbody>
{% for name, lines in logins.items() %}
<tr><td>{{ name }}</td><td>{% for line in lines %}{{ line }}{% if not loop.last %}<br>{% endif %}
{% endfor %}</td></tr>
{% endfor %}
</tbody></table></div></section>
{% endblock %}
"""
