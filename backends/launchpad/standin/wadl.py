"""The WADL of the stand-in, made from its own tables of fields and operations.

launchpadlib learns from it what there is; the words of the documentation are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from xml.sax.saxutils import quoteattr

from tracker_migrate.backends.launchpad.standin.fields import (
    OWN,
    WRITABLE,
    Field,
    fields_of,
    kinds,
    names_of,
)
from tracker_migrate.backends.launchpad.standin.root import ROOT_LINKS
from tracker_migrate.backends.launchpad.standin.wadl_operations import Operation, operations_of
from tracker_migrate.backends.launchpad.standin.wadl_options import options_of, type_of

_HEAD = (
    '<?xml version="1.0"?>\n<wadl:application xmlns:wadl="http://research.sun.com/wadl/2006/10" '
    'xmlns="http://research.sun.com/wadl/2006/10" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
)
#: what a link of the service root leads to
ROOT_KINDS = {
    "bug_trackers_collection_link": "bug_trackers", "bugs_collection_link": "bugs",
    "cves_collection_link": "cves", "distributions_collection_link": "distributions",
    "people_collection_link": "people", "project_groups_collection_link": "project_groups",
    "projects_collection_link": "projects", "specifications_collection_link": "specifications",
    "me_link": "person", "pillars_link": "pillars",
}  # fmt: skip
#: kinds of the things below a link; fields not named here link to a person
_LINKED = {
    "bug": "bug", "duplicate_of": "bug", "milestone": "milestone", "bug_watch": "bug_watch",
    "target": "project", "project": "project", "project_group": "project_group",
    "bug_tracker": "bug_tracker", "distribution": "distribution", "message": "message",
    "parent": "message", "development_focus": "project_series", "productseries": "project_series",
    "series_target": "project_series", "distroseries": "distro_series", "branch": "branch",
    "current_series": "distro_series", "specification": "specification", "cve": "cve",
    "release": "project_release", "upstream_product": "project", "previous_series":
    "distro_series", "member": "person", "team": "team",
}  # fmt: skip
_COLLECTIONS = {
    "bug_tasks": "bug_task", "related_tasks": "bug_task", "messages": "message",
    "activity": "bug_activity", "attachments": "bug_attachment", "cves": "cve",
    "bug_attachments": "bug_attachment", "subscriptions": "bug_subscription", "bugs": "bug",
    "bug_watches": "bug_watch", "watches": "bug_watch", "duplicates": "bug",
    "linked_branches": "bug_branch", "vulnerabilities": "vulnerability",
    "revisions": "message_revision", "dependencies": "specification",
    "all_specifications": "specification", "valid_specifications": "specification",
    "all_milestones": "milestone", "active_milestones": "milestone", "series": "project_series",
    "releases": "project_release", "projects": "project", "super_teams": "team",
    "sub_teams": "team", "members_details": "team_membership",
    "memberships_details": "team_membership", "confirmed_email_addresses": "email_address",
}  # fmt: skip
_TOPS = {
    "bugs": "bug", "people": "person", "projects": "project", "project_groups": "project_group",
    "distributions": "distribution", "cves": "cve", "bug_trackers": "bug_tracker",
    "pillars": None, "specifications": "specification",
}  # fmt: skip


@cache
def wadl_text(api: str) -> str:
    """The whole document for a service root."""
    return "\n".join(_lines(api))


def _lines(api: str) -> Iterator[str]:
    yield _HEAD
    yield f'<wadl:resources base={quoteattr(api)}><wadl:resource path="" type="#service-root"/>'
    yield "</wadl:resources>"
    yield from _root(api)
    for kind, entries in _TOPS.items():
        yield from _top(api, kind, entries)
    for kind in kinds():
        yield from _kind(api, kind)
    yield _simple("HostedFile", '<wadl:representation status="303"/>')
    yield _simple("ScalarValue", '<wadl:representation mediaType="application/json"/>')
    yield '<xsd:simpleType name="binary"><xsd:list itemType="byte"/></xsd:simpleType>'
    yield "</wadl:application>"


def _simple(kind: str, representation: str) -> str:
    return (
        f'<wadl:resource_type id="{kind}"><wadl:method name="GET" id="{kind}-get"><wadl:response>'
        f"{representation}</wadl:response></wadl:method></wadl:resource_type>"
    )


def _root(api: str) -> Iterator[str]:
    yield '<wadl:resource_type id="service-root"><wadl:method name="GET" id="service-root-get">'
    yield '<wadl:response><wadl:representation href="#service-root-json"/></wadl:response>'
    yield "</wadl:method></wadl:resource_type>"
    yield '<wadl:representation mediaType="application/json" id="service-root-json">'
    for name in ROOT_LINKS:
        kind = ROOT_KINDS.get(name)
        link = (
            f"<wadl:link resource_type={quoteattr(f'{api}#{kind}')}/>" if kind else "<wadl:link/>"
        )
        yield _param(name, link)
    yield "</wadl:representation>"


def _param(name: str, inside: str = "", more: str = "") -> str:
    path = quoteattr(f"$['{name}']")
    return f'<wadl:param style="plain" name="{name}" path={path}{more}>{inside}</wadl:param>'


def _top(api: str, kind: str, entries: str | None) -> Iterator[str]:
    yield f'<wadl:resource_type id="{kind}"><wadl:method name="GET" id="{kind}-get"><wadl:response>'
    if entries:
        yield f"<wadl:representation href={quoteattr(f'{api}#{entries}-page')}/>"
    yield "</wadl:response></wadl:method>"
    yield from (_operation(api, kind, operation) for operation in operations_of(kind))
    yield "</wadl:resource_type>"


def _kind(api: str, kind: str) -> Iterator[str]:
    full, diff = quoteattr(f"{api}#{kind}-full"), quoteattr(f"{api}#{kind}-diff")
    yield f'<wadl:resource_type id="{kind}"><wadl:method name="GET" id="{kind}-get">'
    yield f"<wadl:response><wadl:representation href={full}/></wadl:response></wadl:method>"
    yield f'<wadl:method name="PATCH" id="{kind}-patch"><wadl:request>'
    yield f"<wadl:representation href={diff}/></wadl:request></wadl:method>"
    yield from (_operation(api, kind, operation) for operation in operations_of(kind))
    yield "</wadl:resource_type>"
    yield from _full(api, kind)
    yield f'<wadl:representation mediaType="application/json" id="{kind}-diff">'
    yield from (_param(name) for name in sorted(WRITABLE.get(kind, ())))
    yield "</wadl:representation>"
    yield from _page(api, kind)


def _full(api: str, kind: str) -> Iterator[str]:
    fields = {field.name: field for field in fields_of(kind)}
    yield f'<wadl:representation mediaType="application/json" id="{kind}-full">'
    for name in names_of(kind):
        field = fields.get(name)
        yield _fixed(api, kind, name) if field is None else _field(api, kind, field)
    yield "</wadl:representation>"


def _fixed(api: str, kind: str, name: str) -> str:
    if name == "self_link":
        return _param(name, f"<wadl:link resource_type={quoteattr(f'{api}#{kind}')}/>")
    return _param(name, "" if name == "http_etag" else "<wadl:link/>")


def _field(api: str, kind: str, field: Field) -> str:
    kind_of_value = type_of(field.name)
    more = f' type="{kind_of_value}"' if kind_of_value else ""
    words = "".join(f"<wadl:option value={quoteattr(w)}/>" for w in options_of(kind, field.name))
    return _param(field.name, words + _link(api, field), more)


def _link(api: str, field: Field) -> str:
    if not field.name.endswith("_link"):
        return ""
    if type_of(field.name) == "binary":
        return f"<wadl:link resource_type={quoteattr(f'{api}#HostedFile')}/>"
    if field.how == OWN or field.name.endswith("_collection_link"):
        kind = f"{_COLLECTIONS.get(field.suffix, 'person')}-page-resource"
    else:
        kind = _LINKED.get(field.suffix, "person")
    return f"<wadl:link resource_type={quoteattr(f'{api}#{kind}')}/>"


def _page(api: str, kind: str) -> Iterator[str]:
    page = quoteattr(f"{api}#{kind}-page")
    yield f'<wadl:resource_type id="{kind}-page-resource"><wadl:method name="GET" '
    yield f'id="{kind}-page-resource-get"><wadl:response><wadl:representation href={page}/>'
    yield "</wadl:response></wadl:method></wadl:resource_type>"
    yield f'<wadl:representation mediaType="application/json" id="{kind}-page">'
    yield _param("resource_type_link", "<wadl:link/>")
    yield _param("total_size", "", ' required="false"')
    yield _param("total_size_link", '<wadl:link resource_type="#ScalarValue"/>')
    yield _param("start")
    for name in ("next_collection_link", "prev_collection_link"):
        yield _param(name, f'<wadl:link resource_type="#{kind}-page-resource"/>')
    yield _param("entries")
    entry = f"<wadl:link resource_type={quoteattr(f'{api}#{kind}')}/>"
    path = quoteattr("$['entries'][*]['self_link']")
    yield f'<wadl:param style="plain" name="entry_links" path={path}>{entry}</wadl:param>'
    yield "</wadl:representation>"


def _operation(api: str, kind: str, operation: Operation) -> str:
    style = "query"
    lines = [f'<wadl:method id="{kind}-{operation.name}" name="{operation.method}"><wadl:request>']
    if operation.method == "POST":
        lines.append('<wadl:representation mediaType="application/x-www-form-urlencoded">')
    fixed = f'name="ws.op" required="true" fixed="{operation.name}"'
    lines.append(f'<wadl:param style="{style}" {fixed}/>')
    for name, required in operation.params:
        wanted = "true" if required else "false"
        lines.append(f'<wadl:param style="{style}" name="{name}" required="{wanted}"/>')
    if operation.method == "POST":
        lines.append("</wadl:representation>")
    lines.append("</wadl:request>")
    if operation.returns:
        href = quoteattr(f"{api}#{operation.returns}")
        lines.append(f"<wadl:response><wadl:representation href={href}/></wadl:response>")
    if operation.makes:
        link = f"<wadl:link resource_type={quoteattr(f'{api}#{operation.makes}')}/>"
        lines.append(f'<wadl:response><wadl:param style="header" name="Location">{link}')
        lines.append("</wadl:param></wadl:response>")
    return "".join([*lines, "</wadl:method>"])
