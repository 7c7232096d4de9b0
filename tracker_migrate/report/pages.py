"""What all pages share: one file each, no script, no other file; light, dark, printed, narrow.

A page is a template that begins with `{% extends "page" %}` and `{% import "parts" as parts %}`,
and fills these blocks:

name     of the window, and the heading
lead     a line or two below it
body     the rest: a `<section>` with an `<h2>` each

Of the parts:

parts.bugs(some, most)          a count that opens the list of the issues behind it: anything with
                                `issues` (how many) and `named` (the first, with `label`, `home`)
parts.stat(value, word, css)    a figure of the row at the top, within `<dl class="stats">`
parts.key(name, css)            a word of a legend, with its colour

Wide tables stand in `<div class="wide" tabindex="0">`, which scrolls by itself; cells of numbers
have the class `n`, those of a reason `why`; the class `stack` lets a table's cells stand below one
another where there is little room. Colours are classes, of letters and of marks (`report.plots`)
alike: `native`, `text`, `lost`; `create`, `update`, `unchanged`, `refuse`; `open-1` to `open-4` and
`closed-1` to `closed-4`; `good`, `warn`, `bad`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2

from tracker_migrate import __version__
from tracker_migrate.report.plots import count

#: no page is larger, in bytes: a browser on a telephone opens it, a mail carries it
LARGEST = 1_900_000
#: so many issues a list names at first, and at last, where the page would be too large
_MOST, _FEWEST = 200, 5


def render(template: str, **values: Any) -> str:
    """A page. Every text is escaped. The filter `count` writes a number for people."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.DictLoader({"page": _PAGE, "parts": _PARTS}),
    )
    environment.filters["count"] = count
    return environment.from_string(template).render(version=__version__, style=STYLE, **values)


def fitting(made: Callable[[int], str]) -> str:
    """The page that `made` makes of how many issues a list may name, so that it is not larger than
    `LARGEST` if that can be had: lists become shorter, and say how many are not named."""
    most = _MOST
    while len((page := made(most)).encode()) > LARGEST and most > _FEWEST:
        most = max(_FEWEST, most // 2)
    return page


STYLE = """\
:root {
  color-scheme: light dark;
  --back: #fff; --front: #1d2126; --soft: #5d6670; --line: #d9dde2; --faint: #f3f5f7;
  --link: #0b57a4;
  --blue: #2b6cb0; --amber: #a86a00; --amber-mark: #dd9a1a; --red: #b83a25; --red-mark: #d2492f;
  --grey: #6a737d; --grey-mark: #b4bcc5; --green: #1f7a4d;
  --open-1: #8c2d19; --open-2: #d2492f; --open-3: #ee8a3c; --open-4: #f7c873;
  --closed-1: #24557f; --closed-2: #5f92bd; --closed-3: #9dbdd6; --closed-4: #cdd8e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171a; --front: #dde2e7; --soft: #98a2ad; --line: #343a41; --faint: #1d2126;
    --link: #85b7ee;
    --blue: #6ea8e0; --amber: #e0b04a; --amber-mark: #cf9a2e; --red: #f08a74; --red-mark: #d9614a;
    --grey: #9aa4ae; --grey-mark: #59626c; --green: #6cc79a;
    --open-1: #f4c2a4; --open-2: #ec7a5c; --open-3: #c9561f; --open-4: #8a4a17;
    --closed-1: #a9cdee; --closed-2: #5b93c4; --closed-3: #36658f; --closed-4: #2b4257;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; margin: 0 auto;
  max-width: 66rem; padding: 2rem 1.25rem 4rem; color: var(--front); background: var(--back) }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .4rem }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem }
section { margin-top: 2.8rem } p { margin: .4rem 0 .8rem; max-width: 46rem }
a { color: var(--link) } small, .soft, caption { color: var(--soft) }
p.lead { font-size: 1.05rem; color: var(--soft); overflow-wrap: anywhere }
code { font: .92em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace;
  background: var(--faint); border-radius: 3px; padding: .1em .3em; overflow-wrap: anywhere }
pre { font: .86rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--faint); padding: .6rem .8rem;
  border-radius: 4px; margin: .4rem 0; max-height: 28rem; overflow: auto }
.wide { overflow-x: auto } .wide:focus-visible { outline: 2px solid var(--link) }
table { border-collapse: collapse; width: 100%; font-size: .94rem }
caption { text-align: left; padding-bottom: .3rem }
th, td { text-align: left; vertical-align: top; padding: .42rem 1rem .42rem 0;
  border-bottom: 1px solid var(--line) }
th:last-child, td:last-child { padding-right: 0 }
thead th { font-size: .85rem; font-weight: 600; color: var(--soft); vertical-align: bottom }
tbody th { font-weight: 500 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.bar, th.bar { width: 24%; min-width: 6rem; padding-top: .75rem }
.stats { display: flex; flex-wrap: wrap; gap: .9rem 2.4rem; margin: 1.4rem 0 .6rem }
.stats div { display: flex; flex-direction: column-reverse; min-width: 5rem }
.stats dt { font-size: .85rem; color: var(--soft) }
.stats dd { margin: 0; font-size: 1.75rem; line-height: 1.15; font-weight: 600;
  font-variant-numeric: tabular-nums }
details > summary { cursor: pointer; width: fit-content }
details > summary::marker { color: var(--soft); font-size: .8em }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.n details > summary { margin-left: auto }
details.bugs > div { font-size: .85rem; line-height: 1.7; max-height: 14rem; overflow: auto;
  padding: .2rem 0 .4rem; white-space: normal; text-align: left; min-width: 12rem }
details.bugs a { text-decoration: none } details.bugs a:hover { text-decoration: underline }
details.bugs a, details.bugs span { margin-right: .7em; white-space: nowrap; display: inline-block }
.wide + details, .keys + details { margin-top: .8rem }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .5rem 0; padding: 0;
  list-style: none; font-size: .92rem }
.key::before { content: ""; display: inline-block; width: .75em; height: .75em; border-radius: 2px;
  margin-right: .45em; background: var(--mark, var(--grey-mark)) }
.key { color: var(--front) !important }
.native, .create, .good { color: var(--blue); fill: var(--blue); --mark: var(--blue) }
.text, .update, .warn { color: var(--amber); fill: var(--amber-mark); --mark: var(--amber-mark) }
.lost, .refuse, .bad { color: var(--red); fill: var(--red-mark); --mark: var(--red-mark) }
.unchanged, .rest { color: var(--grey); fill: var(--grey-mark); --mark: var(--grey-mark) }
rect.rest { fill: var(--faint) }
.good { color: var(--green); fill: var(--green); --mark: var(--green) }
.open-1 { fill: var(--open-1); --mark: var(--open-1) }
.open-2 { fill: var(--open-2); --mark: var(--open-2) }
.open-3 { fill: var(--open-3); --mark: var(--open-3) }
.open-4 { fill: var(--open-4); --mark: var(--open-4) }
.closed-1 { fill: var(--closed-1); --mark: var(--closed-1) }
.closed-2 { fill: var(--closed-2); --mark: var(--closed-2) }
.closed-3 { fill: var(--closed-3); --mark: var(--closed-3) }
.closed-4 { fill: var(--closed-4); --mark: var(--closed-4) }
svg.share { display: block; width: 100%; height: .7rem; border-radius: 2px }
.plot { margin: .8rem 0 .4rem } .plot svg { display: block; max-width: 100%; height: auto }
.plot text { font: 12px system-ui, sans-serif; fill: var(--soft) }
.plot text.told { fill: var(--front); font-size: 12.5px }
.plot .grid { stroke: var(--line) } .plot .base { stroke: var(--soft) }
.plot .line { fill: none; stroke: var(--blue); stroke-width: 2.5; stroke-linejoin: round }
.plot .area { fill: var(--blue); opacity: .13 }
.plot .dot { fill: var(--back); stroke: var(--blue); stroke-width: 2.5 }
.narrow-plot { display: none }
footer { margin-top: 3.5rem; padding-top: .8rem; border-top: 1px solid var(--line);
  font-size: .85rem; color: var(--soft) }
@media (max-width: 44rem) {
  body { padding: 1.2rem 1rem 3rem } h1 { font-size: 1.4rem } section { margin-top: 2.2rem }
  .wide-plot { display: none } .narrow-plot { display: block }
  .stats { gap: .8rem 1.6rem } .stats dd { font-size: 1.4rem }
  th, td { padding-right: .7rem } td.bar, th.bar { min-width: 3.5rem }
  table.stack thead { display: none } table.stack tr { display: grid;
    grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); padding: .3rem 0 }
  table.stack th, table.stack td { border: 0; padding: .15rem 0; min-width: 0 }
  table.stack td.n { grid-area: 1 / 2 } table.stack td.bar, table.stack td.why { width: auto;
    grid-column: 1 / -1 }
  table.stack td.n:has([open]) { grid-area: auto / 1 / auto / -1 }
}
@media print {
  body { font-size: 10.5pt; max-width: none; padding: 0; color: #000; background: #fff }
  a { color: inherit; text-decoration: none } section { break-inside: avoid-page }
  svg, .key::before { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  details.bugs > div, pre { max-height: none } .wide { overflow: visible }
}
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{% block name required %}{% endblock %}</title>
<style>
{{ style|safe -}}
{% block style %}{% endblock %}
</style>
</head>
<body>
<header>
<h1>{{ self.name() }}</h1>
<p class="lead">{% block lead %}{% endblock %}</p>
</header>
<main>
{% block body %}{% endblock %}
</main>
<footer>{% block foot %}{% endblock %} Made by tracker-migrate {{ version }}. This page is one file:
it asks for nothing, and can be sent or kept as it is.</footer>
</body>
</html>
"""

_PARTS = """\
{% macro bugs(some, most=200) -%}
{% if not some.issues %}0{% else %}
{% set named = some.named[:most] %}
<details class="bugs"><summary>{{ some.issues|count }}</summary><div>
{%- for one in named %}
{% if one.home %}<a href="{{ one.home }}">{{ one.label }}</a>
{%- else %}<span>{{ one.label }}</span>{% endif %}
{%- endfor %}
{%- if some.issues > named|length %}
<span class="soft">and {{ (some.issues - named|length)|count }} more</span>
{%- endif %}</div></details>
{%- endif %}
{%- endmacro %}
{% macro stat(value, word, css="") -%}
<div><dt>{{ word }}</dt><dd class="{{ css }}">{{ value }}</dd></div>
{%- endmacro %}
{% macro key(name, css) -%}
<span class="key {{ css }}">{{ name }}</span>
{%- endmacro %}
"""
