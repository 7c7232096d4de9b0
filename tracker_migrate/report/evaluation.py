"""`evaluate` as one page: no script, no other file, works offline. Each figure opens what is behind
it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import jinja2
import msgspec

from tracker_migrate.engine.evaluate import Column, Evaluation, Fate, Row
from tracker_migrate.engine.some import Some
from tracker_migrate.report.plots import hours

OUTCOMES = ("native", "text", "lost")
_STATES = {
    "lifted": "lifted",
    "partly": "partly lifted",
    "open": "still there",
    "outside": "not ours to lift",
}
_BAR, _CHART = 260, 120


def page(found: Evaluation) -> str:
    """The page. Every text is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        it=found,
        fields=list(fields(found)),
        outcomes=OUTCOMES,
        states=_STATES,
        years=list(_years(found)),
        hours=hours,
        whole=lambda n: scaled(found, n),
        shares=_shares,
        losses=losses,
        bar=_BAR,
        chart=_CHART,
    )


def fields(found: Evaluation) -> Iterator[tuple[str, list[dict[str, Some]]]]:
    """Each field with what becomes of it in each column, by outcome; what is lost comes first."""
    names = sorted({f"{fate.entity}.{fate.field}" for one in found.columns for fate in one.fates})
    rows = [(name, [_by_outcome(one, name) for one in found.columns]) for name in names]
    yield from sorted(rows, key=lambda row: (not any("lost" in one for one in row[1]), row[0]))


def _by_outcome(column: Column, name: str) -> dict[str, Some]:
    of: dict[str, Some] = {}
    for fate in column.fates:
        if f"{fate.entity}.{fate.field}" == name:
            some = of.setdefault(fate.outcome, Some())
            some.places += fate.some.places
            some.issues = max(some.issues, fate.some.issues)
            some.named = some.named or fate.some.named
    return of


class Lost(msgspec.Struct, frozen=True):
    """What a tracker loses, for one reason: fields of an entity, and the issues that have them."""

    what: str
    reason: str
    some: Some


def losses(column: Column) -> list[Lost]:
    """What a column loses, by reason; what most issues lose is first."""
    by_reason: dict[tuple[str, str], list[Fate]] = {}
    for fate in column.fates:
        if fate.outcome == "lost":
            by_reason.setdefault((fate.entity, fate.reason), []).append(fate)
    found = []
    for (entity, reason), fates in by_reason.items():
        widest = max((fate.some for fate in fates), key=lambda some: some.issues)
        names = ", ".join(fate.field for fate in fates)
        found.append(Lost(f"{entity}: {names}", reason, widest))
    return sorted(found, key=lambda one: (-one.some.issues, one.what))


def scaled(found: Evaluation, n: float) -> int:
    """A count of the sample, for all issues."""
    return round(n * found.listed / found.issues) if found.issues else 0


def _shares(column: Column) -> list[tuple[str, int, float]]:
    """outcome, places, and the width of its part of a bar."""
    sums = column.outcomes()
    total = sum(sums.values()) or 1
    return [(name, sums[name], sums[name] / total * _BAR) for name in OUTCOMES]


def _years(found: Evaluation) -> Iterator[dict[str, Any]]:
    """Bars of the issues by year: what is open stands on what is closed."""
    most = max((sum(counts.values()) for counts in found.years.values()), default=1)
    for place, (year, held) in enumerate(found.years.items()):
        counts = {name: held.get(name, 0) for name in ("open", "closed")}
        height = {name: n / most * _CHART for name, n in counts.items()}
        closed = _CHART - height["closed"]
        top = {"closed": closed, "open": closed - height["open"]}
        yield {"year": year, "x": place * 34, "top": top, "height": height, **counts}


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as lines of CSV, with a header; those of several projects can be joined."""
    yield "project,sink,field,outcome,n"
    for row in rows:
        line = io.StringIO()
        writer = csv.writer(line, lineterminator="")
        writer.writerow((row.project, row.sink, row.field, row.outcome, row.n))
        yield line.getvalue()


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ it.specs|join(", ") }}: what a move would be like</title>
<style>
:root { --native: #2b7a4b; --text: #c9a227; --lost: #b3402e; --line: #d5d5d5; --soft: #666 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem;
       color: #222; background: #fff }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.4rem }
p.lead { color: var(--soft); margin-top: 0 }
table { border-collapse: collapse; width: 100% } caption { text-align: left; color: var(--soft) }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
         border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
summary { cursor: pointer; white-space: nowrap }
details div { font-size: .85rem; max-height: 14rem; overflow: auto; padding: .3rem 0 }
details a, details span { margin-right: .6rem; white-space: nowrap }
.native { fill: var(--native); color: var(--native) } .text { fill: var(--text); color: #8a6d0b }
.lost { fill: var(--lost); color: var(--lost) } .open { fill: #b3402e } .closed { fill: #8aa0b4 }
small { color: var(--soft) } svg text { font-size: 10px; fill: currentColor }
.state-lifted { color: var(--native) } .state-open { color: var(--lost) }
.state-partly { color: #8a6d0b } .state-outside { color: var(--soft) }
.wide { overflow-x: auto }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a3a3a; --soft: #9a9a9a; --native: #5cb883; --text: #d8b84a; --lost: #e07a66 }
  body { background: #161616; color: #ddd } a { color: #8ab4f8 }
  .text, .state-partly { color: #d8b84a }
}
</style>
{% macro some(one, most=200) -%}
{% if not one.issues %}0{% else %}<details>
<summary>{{ one.issues }} issue{{ "s" if one.issues != 1 }}</summary><div>
{%- for each in one.named[:most] %}{% if each.home %}<a href="{{ each.home }}">{{ each.label }}</a>
{%- else %}<span>{{ each.label }}</span>{% endif %}{% endfor %}
{%- set named = one.named[:most]|length %}
{%- if one.issues > named %}<span>and {{ one.issues - named }} more</span>
{%- endif %}</div></details>{% endif %}
{%- endmacro %}
<h1>{{ it.specs|join(", ") }}: what a move would be like</h1>
<p class="lead">{{ it.issues }} of {{ it.listed }} issues were looked at
({% for kind, n in it.kinds.items() %}{{ n }} {{ kind }}s{{ ", " if not loop.last }}{% endfor %};
{{ it.comments }} comments{% if it.private %}; {{ it.private }} are not public{% endif %}),
as {{ it.viewer }} may read them.
{%- if it.unread %} {{ it.unread }} more could not be read.{% endif %}
{%- if it.issues < it.listed %} Figures are of those that were looked at, drawn evenly from all;
“in all” is worked out from them.{% endif %} Nothing was written anywhere.</p>

<h2>Side by side</h2>
<div class="wide"><table>
<tr><th></th>{% for one in it.columns %}<th>{{ one.sink }}</th>{% endfor %}<th>stay</th></tr>
<tr><th>would be there</th>{% for one in it.columns %}<td>{{ one.moved }} issues</td>{% endfor %}
<td>{{ it.issues }} issues</td></tr>
<tr><th>refused</th>{% for one in it.columns %}<td>{% for why, which in one.refused.items() %}
{{ some(which) }} <small>{{ why }}</small>{% else %}none{% endfor %}</td>{% endfor %}<td>—</td></tr>
<tr><th>what they hold</th>{% for one in it.columns %}<td>
<svg width="{{ bar }}" height="14" role="img" aria-label="shares of native, text and lost">
{% set at = namespace(x=0) %}{% for name, n, width in shares(one) %}
<rect class="{{ name }}" x="{{ "%.1f"|format(at.x) }}" height="14"
width="{{ "%.1f"|format(width) }}">
<title>{{ n }} {{ name }}</title></rect>{% set at.x = at.x + width %}{% endfor %}</svg><br>
{% for name, n, _ in shares(one) %}<span class="{{ name }}">{{ n }} {{ name }}</span>
{{- " · " if not loop.last }}{% endfor %}</td>{% endfor %}<td>all native</td></tr>
<tr><th>objects</th>{% for one in it.columns %}<td>{{ one.objects.values()|sum }}
<small>{% for kind, n in one.objects.items() %}{{ n }} {{ kind }}{{ ", " if not loop.last }}
{%- endfor %}</small></td>{% endfor %}<td>—</td></tr>
<tr><th>requests</th>{% for one in it.columns %}<td>{{ one.requests.values()|sum }}
<small>in all about {{ whole(one.requests.values()|sum) }}</small></td>{% endfor %}<td>0</td></tr>
<tr><th>time to write</th>{% for one in it.columns %}<td>{{ hours(one.seconds) }}
<small>in all about {{ hours(one.seconds and whole(one.seconds)) }}, at rates measured on small
servers</small></td>{% endfor %}<td>—</td></tr>
</table></div>

<h2>What is lost</h2>
{% for one in it.columns %}{% set lost = losses(one) %}
<h3>{{ one.sink }}</h3>
{% if lost %}<table><tr><th>fields</th><th>of</th><th>why</th></tr>
{% for each in lost %}<tr>
<td>{{ each.what }}</td><td>{{ some(each.some) }}</td><td>{{ each.reason }}</td></tr>
{% endfor %}</table>{% else %}<p>Nothing.</p>{% endif %}
{% endfor %}

<h2>What was said to keep people from it</h2>
{% for one in it.columns if one.hindrances %}
<h3>{{ one.sink }}</h3>
<table><tr><th>complaint</th><th>state</th><th>here it is about</th><th>what becomes of it</th></tr>
{% for each in one.hindrances %}<tr><td>{{ each.blocker.said }}</td>
<td class="state-{{ each.blocker.state }}">{{ states[each.blocker.state] }}</td>
<td>{% if each.blocker.state == "outside" %}—{% else %}{{ some(each.some) }}{% endif %}</td>
<td>{{ each.blocker.answer }}</td></tr>{% endfor %}</table>
{% endfor %}

<h2>What is left for people to do</h2>
<p>{{ it.persons }} people are named, {{ it.mentions }} times. An account for each of these covers
the most; each is a row of <code>people.csv</code>. Without one a person is named in the text.</p>
<div class="wide"><table><tr><th>person</th><th class="n">issues</th><th class="n">comments</th>
<th class="n">named so far</th></tr>
{% set so = namespace(far=0) %}{% for one in it.people[:20] %}{% set so.far = so.far + one.issues %}
<tr><td>{{ one.name }}</td><td class="n">{{ one.issues }}</td><td class="n">{{ one.comments }}</td>
<td class="n">{{ "%.0f"|format(100 * so.far / it.mentions) }} %</td></tr>{% endfor %}</table></div>
<p>{{ it.projects|length }} projects are named; each that moves becomes one of the same name, unless
<code>projects.csv</code> says otherwise.</p>

{% if it.pairs %}<h2>What has to move together</h2>
<p>Projects that share open issues:
{% for wave in it.waves if wave|length > 1 %}<b>{{ wave|join(", ") }}</b>{{ "; " if not loop.last }}
{%- endfor %}. Whoever moves one of them alone leaves half of these behind.</p>
<table><tr><th>project</th><th>and</th><th>open issues of both</th></tr>
{% for pair in it.pairs[:40] %}<tr><td>{{ pair.one }}</td><td>{{ pair.other }}</td>
<td>{{ some(pair.some) }}</td></tr>{% endfor %}</table>{% endif %}

<h2>Issues by year</h2>
<div class="wide">
<svg width="{{ [years|length * 34, 34]|max }}" height="{{ chart + 32 }}" role="img"
aria-label="issues by year, open and closed">
{% for one in years %}
{% for name in ("closed", "open") %}
<rect class="{{ name }}" x="{{ one.x + 4 }}" width="24" y="{{ "%.1f"|format(one.top[name]) }}"
height="{{ "%.1f"|format(one.height[name]) }}">
<title>{{ one.year }}: {{ one[name] }} {{ name }}</title></rect>{% endfor %}
<g text-anchor="middle"><text x="{{ one.x + 16 }}" y="{{ chart + 14 }}">{{ one.year }}</text>
<text x="{{ one.x + 16 }}" y="{{ chart + 27 }}">{{ one.open + one.closed }}</text></g>
{% endfor %}</svg></div>
<p><small>Open ones stand on the closed ones; the number is of both.</small></p>

<h2>Field by field</h2>
<div class="wide"><table>
<tr><th>field</th>{% for one in it.columns %}<th>{{ one.sink }}</th>{% endfor %}</tr>
{% for name, cells in fields %}<tr><td>{{ name }}</td>{% for cell in cells %}<td>
{% for outcome in outcomes if outcome in cell %}<span class="{{ outcome }}">{{ outcome }}</span>
{{ some(cell[outcome], 25) }}{% else %}—{% endfor %}</td>{% endfor %}</tr>{% endfor %}
</table></div>
</html>
"""
