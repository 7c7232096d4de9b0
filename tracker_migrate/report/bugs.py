"""A page that shows issues before and after, side by side: one file, no script, works offline."""

from __future__ import annotations

from collections.abc import Iterable

import jinja2
import msgspec


class Side(msgspec.Struct, frozen=True):
    """An issue in one tracker. name: of the tracker. text: as it is kept there, in its markup."""

    name: str
    number: str
    title: str
    text: str
    comments: tuple[str, ...] = ()


class Pair(msgspec.Struct, frozen=True):
    """An issue at the source, and at each target."""

    before: Side
    after: tuple[Side, ...]


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ heading }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem }
.side { border: 1px solid #ccc; border-radius: 4px; padding: .7rem; overflow: hidden }
.side h3 { font-size: .85rem; margin: 0 0 .5rem; color: #555 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12.5px; margin: 0;
      max-height: 28rem; overflow: auto }
details { margin-top: .6rem } summary { cursor: pointer; color: #555 }
details pre { border-top: 1px dotted #ccc; padding: .4rem 0; max-height: none }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd } .side { border-color: #444 } .side h3 { color: #aaa }
}
</style>
<h1>{{ heading }}</h1>
<p>Each text is shown as the tracker keeps it, markup and all.</p>
{% for pair in pairs %}
<h2>{{ pair.before.title }}</h2>
<div class="sides">
{% for side in (pair.before,) + pair.after %}
<div class="side"><h3>{{ side.name }} {{ side.number }}</h3><pre>{{ side.text }}</pre>
{% if side.comments %}<details>
<summary>{{ side.comments|length }} comment{{ "s" if side.comments|length != 1 }}</summary>
{% for comment in side.comments %}<pre>{{ comment }}</pre>{% endfor %}</details>{% endif %}
</div>
{% endfor %}
</div>
{% endfor %}
</html>
"""


def page(heading: str, pairs: Iterable[Pair]) -> str:
    """The page. Every text is escaped: HTML and script in a bug are shown, not run."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(heading=heading, pairs=list(pairs))
