"""The template of `evaluate`'s page; `report.evaluation` fills it."""

PAGE = """\
{% extends "page" %}
{% import "parts" as parts %}
{% macro whole(estimate) -%}
{% if estimate is not none %}
<small class="all">in all about {{ estimate.about|count }} ({{ estimate.low|count }} to
{{ estimate.high|count }})</small>
{%- endif %}
{%- endmacro %}
{% macro some(one, most) -%}
{{ parts.bugs(one, most) }}{% if one.issues %}{{ whole(one.whole) }}{% endif %}
{%- endmacro %}
{% block name %}{{ it.specs|join(", ") }}: what a move would be like{% endblock %}
{% block style %}
.state-lifted { color: var(--green) } .state-open { color: var(--red) }
.state-partly { color: var(--amber) } .state-outside { color: var(--soft) }
.side td { width: {{ (80 / (it.columns|length + 1))|int }}% } .side svg { margin-top: .4rem }
td.why { min-width: 14rem } small.all { display: block }
td[class^=state] { white-space: nowrap }
{% endblock %}
{% block lead %}
{{ it.issues|count }} of {{ it.listed|count }} issues were looked at
({%- for kind, n in it.kinds.items() %}{{ n|count }} {{ kind }}{{ "s" if n != 1 }}
{{- ", " if not loop.last }}{% endfor %}; {{ it.comments|count }} comments
{%- if it.private %}; {{ it.private|count }} are not public{% endif %}), as {{ it.viewer }} may read
them.
{%- if it.unread %} {{ it.unread|count }} more could not be read.{% endif %}
{%- if it.issues < it.listed %} They were drawn evenly from all; “in all” is worked out from them
({{ it.method }}).{% endif %} Nothing was written anywhere.
{% endblock %}
{% block body %}
<section>
<h2>Side by side</h2>
<div class="wide" tabindex="0"><table class="side">
<thead><tr><th></th>{% for one in it.columns %}<th scope="col">{{ one.sink }}</th>{% endfor %}
<th scope="col">stay</th></tr></thead>
<tbody>
<tr><th scope="row">would be there</th>
{% for one in it.columns %}<td>{{ one.moved|count }} issues{{ whole(one.whole_moved) }}</td>
{% endfor %}<td>{{ it.issues|count }} issues</td></tr>
<tr><th scope="row">refused</th>
{% for one in it.columns %}<td>
{% for why, which in one.refused.items() %}{{ some(which, most) }} <small>{{ why }}</small>
{% else %}none{% endfor %}</td>{% endfor %}<td>–</td></tr>
<tr><th scope="row">what they hold</th>
{% for one in it.columns %}<td>{{ share(one) }}
{% for name, n in one.outcomes().items() %}
<span class="{{ name }}">{{ n|count }} {{ name }}</span>{{ " · " if not loop.last }}
{% endfor %}</td>{% endfor %}<td>all native</td></tr>
<tr><th scope="row">objects</th>
{% for one in it.columns %}<td>{{ one.objects.values()|sum|count }}
<small>{% for kind, n in one.objects.items() %}{{ n|count }} {{ kind }}{{ ", " if not loop.last }}
{%- endfor %}</small></td>{% endfor %}<td>–</td></tr>
<tr><th scope="row">requests</th>
{% for one in it.columns %}
<td>{{ one.requests.values()|sum|count }}{{ whole(one.whole_requests) }}</td>
{% endfor %}<td>0</td></tr>
<tr><th scope="row">time to write</th>
{% for one in it.columns %}<td>{{ hours(one.seconds) }}
{% if one.whole_seconds is not none %}<small class="all">in all about
{{ hours(one.whole_seconds.about) }}
({{ hours(one.whole_seconds.low) }} to {{ hours(one.whole_seconds.high) }})</small>{% endif %}
<small class="all">at rates measured on small servers</small></td>{% endfor %}<td>–</td></tr>
</tbody></table></div>
</section>

<section>
<h2>What is lost</h2>
{% for one in it.columns %}
{% set lost = losses(one) %}
<h3>{{ one.sink }}</h3>
{% if lost %}
<div class="wide" tabindex="0"><table class="stack">
<thead><tr><th scope="col">fields</th><th class="n" scope="col">issues</th>
<th scope="col">why</th></tr></thead>
<tbody>
{% for each in lost %}
<tr><th scope="row">{{ each.what }}</th><td class="n">{{ some(each.some, most) }}</td>
<td class="why">{{ each.reason }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}<p>Nothing.</p>{% endif %}
{% endfor %}
</section>

<section>
<h2>What was said to keep people from it</h2>
{% for one in it.columns if one.hindrances %}
<h3>{{ one.sink }}</h3>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">complaint</th><th scope="col">state</th>
<th class="n" scope="col">issues here</th><th scope="col">what becomes of it</th></tr></thead>
<tbody>
{% for each in one.hindrances %}
<tr><td>{{ each.blocker.said }}</td>
<td class="state-{{ each.blocker.state }}">{{ states[each.blocker.state] }}</td>
<td class="n">{% if each.blocker.state == "outside" %}–{% else %}{{ some(each.some, most) }}
{% endif %}</td>
<td class="why">{{ each.blocker.answer }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endfor %}
</section>

<section>
<h2>What is left for people to do</h2>
<p>{{ it.persons|count }} people are named, {{ it.mentions|count }} times. An account for each of
these covers the most; each is a row of <code>people.csv</code>. Without one a person is named in
the text.</p>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">person</th><th class="n" scope="col">issues</th>
<th class="n" scope="col">comments</th><th class="n" scope="col">named so far</th></tr></thead>
<tbody>
{% set so = namespace(far=0) %}
{% for one in it.people[:20] %}
{% set so.far = so.far + one.issues %}
<tr><th scope="row">{{ one.name }}</th><td class="n">{{ one.issues|count }}</td>
<td class="n">{{ one.comments|count }}</td>
<td class="n">{{ "%.0f"|format(100 * so.far / it.mentions) }} %</td></tr>
{% endfor %}
</tbody></table></div>
<p>{{ it.projects|length|count }} projects are named; each that moves becomes one of the same name,
unless <code>projects.csv</code> says otherwise.</p>
</section>

{% if it.pairs %}
<section>
<h2>What has to move together</h2>
<p>Projects that share open issues:
{% for wave in it.waves if wave|length > 1 %}<b>{{ wave|join(", ") }}</b>{{ "; " if not loop.last }}
{%- endfor %}. Whoever moves one of them alone leaves half of these behind.</p>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">project</th><th scope="col">and</th>
<th class="n" scope="col">open issues of both</th></tr></thead>
<tbody>
{% for pair in it.pairs[:40] %}
<tr><td>{{ pair.one }}</td><td>{{ pair.other }}</td>
<td class="n">{{ parts.bugs(pair.some, most) }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
{% endif %}

<section>
<h2>Issues by year</h2>
{{ years }}
<ul class="keys"><li>{{ parts.key("closed", "closed-1") }}</li>
<li>{{ parts.key("open", "open-2") }}</li></ul>
</section>

<section>
<h2>Field by field</h2>
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">field</th>
{% for one in it.columns %}<th scope="col">{{ one.sink }}</th>{% endfor %}</tr></thead>
<tbody>
{% for name, cells in fields %}
<tr><th scope="row">{{ name }}</th>
{% for cell in cells %}<td>
{% for outcome in outcomes if outcome in cell %}<span class="{{ outcome }}">{{ outcome }}</span>
{{ parts.bugs(cell[outcome], [most, 25]|min) }}{% else %}–{% endfor %}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
</section>
{% endblock %}
"""
