"""The template of the page about a plan; `report.plan` fills it."""

PAGE = """\
{% extends "page" %}
{% import "parts" as parts %}
{% block name %}Plan for {{ it.target }}{% endblock %}
{% block lead %}
What an apply would write to {{ it.sink }}: {{ it.issues|count }}
issue{{ "s" if it.issues != 1 }}
({%- for kind, n in it.kinds.items() %}{{ n|count }} {{ kind }}{{ "s" if n != 1 }}
{{- ", " if not loop.last }}{% endfor %}; {{ it.comments|count }} comments
{%- if plan.private %}; {{ plan.private|count }} are not public, and named by number alone
{%- endif %}). Nothing was written anywhere.
{% endblock %}
{% block style %}
td.why { min-width: 14rem } .years td, .years th { padding-right: .8rem }
.fields th[scope=row] { overflow-wrap: anywhere; min-width: 11.5rem }
.fields td.bar, .fields th.bar { width: 20% }
{% endblock %}
{% block body %}
<dl class="stats">
{{ parts.stat(plan.create.total()|count, "to create", "create" if plan.create else "soft") }}
{{ parts.stat(plan.update.total()|count, "to update", "update" if plan.update else "soft") }}
{{ parts.stat(plan.unchanged|count, "unchanged", "unchanged") }}
{{ parts.stat(plan.refuse.total()|count, "issues refused", "refuse" if plan.refuse else "soft") }}
{% if plan.requests %}
{{ parts.stat(plan.requests.values()|sum|count, "requests") }}
{{ parts.stat(hours(plan.seconds and plan.seconds.values()|sum), "to write, about") }}
{% endif %}
</dl>

<section>
<h2>What becomes of the issues</h2>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">issues</th><th class="bar" scope="col"></th>
<th class="n" scope="col">how many</th></tr></thead>
<tbody>
{% for op, words, css, some in ops %}
<tr><th scope="row"><span class="{{ css }}">{{ op }}</span> <small>{{ words }}</small></th>
<td class="bar">{{ bar(some.issues, it.issues, css, op) }}</td>
<td class="n">{{ parts.bugs(some, most) }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if kinds %}
<h3>Objects that would be written</h3>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">kind</th><th class="bar" scope="col"></th>
<th class="n" scope="col">create</th><th class="n" scope="col">update</th></tr></thead>
<tbody>
{% for name, new, changed in kinds %}
<tr><th scope="row">{{ name }}</th>
<td class="bar">{{ bar(new + changed, kinds[0][1] + kinds[0][2], "create" if new else "update",
name) }}</td>
<td class="n">{{ new|count if new else "–" }}</td>
<td class="n">{{ changed|count if changed else "–" }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>Nothing has to be written.</p>
{% endif %}
{% if plan.held %}<p>{{ plan.held|count }} comments by bots stand within another one.</p>{% endif %}
</section>

{% if reasons %}
<section>
<h2>What is refused or left, and why</h2>
<div class="wide" tabindex="0"><table class="stack">
<thead><tr><th scope="col">what</th><th scope="col">why</th><th class="n" scope="col">issues</th>
</tr></thead>
<tbody>
{% for (op, reason), some in reasons %}
<tr><th scope="row" class="{{ "refuse" if op == "refuse" else "warn" }}">{{ op }}</th>
<td class="why">{{ reason }}</td><td class="n">{{ parts.bugs(some, most) }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
{% endif %}
{% if plan.less %}
<p>{{ plan.less|length|count }} who may read private issues at the source may not read them all at
the target: <code>tracker-migrate readers</code> names them.</p>
{% endif %}

{% if plan.losses %}
<section>
<h2>What would be lost</h2>
<p>Of all that the issues hold,
{% for series, n in places %}<span class="{{ series.css }}">{{ n|count }}</span>
{{ {"native": "become a field of the target", "text": "stand readably in a text",
"lost": "are lost"}[series.name] }}{{ ", " if not loop.last else "." }}
{% endfor %}</p>
{% if lost %}
<ul class="keys">
{% for series in outcomes %}<li>{{ parts.key(series.name, series.css) }}</li>{% endfor %}
</ul>
<div class="wide" tabindex="0"><table class="fields stack">
<thead><tr><th scope="col">field</th><th class="bar" scope="col">its places</th>
<th class="n" scope="col">lost in</th><th scope="col">why</th></tr></thead>
<tbody>
{% for one in lost %}
<tr><th scope="row">{{ one.name }}</th><td class="bar">{{ share(one) }}</td>
<td class="n">{{ parts.bugs(one.lost, most) }}</td>
<td class="why">{% for reason, some in one.reasons %}{{ reason }}
{%- if one.reasons|length > 1 %} <small>({{ some.issues|count }})</small>{% endif %}
{{ "; " if not loop.last }}{% endfor %}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>Nothing is lost.</p>
{% endif %}
<details><summary>{{ kept|length }} fields of which nothing is lost</summary>
<div class="wide" tabindex="0"><table class="fields">
<thead><tr><th scope="col">field</th><th class="bar" scope="col">its places</th>
<th class="n" scope="col">a field in</th><th class="n" scope="col">text in</th></tr></thead>
<tbody>
{% for one in kept %}
<tr><th scope="row">{{ one.name }}</th><td class="bar">{{ share(one) }}</td>
<td class="n">{{ parts.bugs(one.native, [most, 60]|min) }}</td>
<td class="n">{{ parts.bugs(one.text, [most, 60]|min) }}</td></tr>
{% endfor %}
</tbody></table></div>
</details>
</section>
{% endif %}

{% if it.issues %}
<section>
<h2>Issues by year and state</h2>
{{ years }}
<ul class="keys">
{% for one in legends %}
<li>{{ parts.key(one.series.name, one.series.css) }} {{ one.all.issues|count }}</li>
{% endfor %}
</ul>
<details><summary>The same as a table, with the issues</summary>
<div class="wide" tabindex="0"><table class="years">
<thead><tr><th scope="col">filed</th>
{% for one in legends %}<th class="n" scope="col">{{ one.series.name }}</th>{% endfor %}</tr>
</thead>
<tbody>
{% for year in it.years %}
<tr><th scope="row">{{ year }}</th>
{% for one in legends %}
<td class="n">{{ parts.bugs(one.years[year], [most, 60]|min) if year in one.years else "–" }}</td>
{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
</details>
</section>
{% endif %}

{% if it.mentions %}
<section>
<h2>People</h2>
<p>{{ it.persons|count }} people are named on public issues, {{ it.mentions|count }} times.
{% if it.mapped or it.bots %}
{{ it.mapped|count }} have an account at the target
{%- if it.bots %}, {{ it.bots|count }} are said to be programs{% endif %}:
{{ "%.0f"|format(100 * covered) }} % of the mentions. Everybody else is named in the text.
{% else %}
Nobody has an account at the target by <code>people.csv</code>: all are named in the text.
{% endif %}</p>
{{ people }}
{% if it.people %}
<details{% if it.people|length <= 10 %} open{% endif %}>
<summary>Who to find an account for next</summary>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">person</th><th class="bar" scope="col"></th>
<th class="n" scope="col">issues</th><th class="n" scope="col">comments</th></tr></thead>
<tbody>
{% for one in it.people %}
<tr><th scope="row">{{ one.name }}</th>
<td class="bar">{{ bar(one.issues, it.people[0].issues, "create", one.name) }}</td>
<td class="n">{{ one.issues|count }}</td><td class="n">{{ one.comments|count }}</td></tr>
{% endfor %}
</tbody></table></div>
<p><small>Each is a row of <code>people.csv</code>; <code>tracker-migrate map check</code> names
all of them.</small></p>
</details>
{% endif %}
</section>
{% endif %}

{% if requests %}
<section>
<h2>Requests and time</h2>
<p>{{ plan.requests.values()|sum|count }} requests
{%- if plan.seconds is none %}. How long they take was not measured for this tracker.
{%- else %}, about {{ hours(plan.seconds.values()|sum) }} at the rates that were measured on a small
server with nothing else to do; a network, a larger server and a limit of requests add to
that.{% endif %}</p>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">request</th><th class="bar" scope="col">{{ "time" if plan.seconds is not
none }}</th><th class="n" scope="col">how many</th><th class="n" scope="col">time</th></tr></thead>
<tbody>
{% for kind, n, seconds in requests %}
<tr><th scope="row">{{ kind }}</th>
<td class="bar">
{% if seconds is not none %}
{{ bar(seconds, plan.seconds.values()|max, "create", kind) }}
{% endif %}
</td>
<td class="n">{{ n|count }}</td><td class="n">{{ hours(seconds) }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
{% endif %}
{% endblock %}
{% block foot %}
A list names {{ most }} issues at most; <code>tracker-migrate plan --objects --json</code> names
every object.
{% endblock %}
"""
