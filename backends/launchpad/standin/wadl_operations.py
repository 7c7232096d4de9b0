"""The named operations that the stand-in's WADL tells of: arguments and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

_SEARCH = (
    "GET searchTasks: order_by search_text status importance information_type assignee "
    "bug_reporter bug_supervisor bug_commenter bug_subscriber structural_subscriber owner "
    "affected_user has_patch has_cve tags tags_combinator omit_duplicates status_upstream "
    "milestone component nominated_for has_no_package linked_branches modified_since "
    "created_since created_before omit_targeted linked_blueprints -> bug_task-page"
)
#: a line an operation: `METHOD name: arguments (* = required) -> what comes back`, or `=> what is
#: made`; `search` stands for searchTasks with all its arguments
_TABLE: dict[str, str] = {
    "project": """
        search
        GET getMilestone: name* -> milestone-full
        GET getSpecification: name* -> specification-full
        GET getSeries: name* -> project_series-full
        POST newSeries: name* summary* => project_series
    """,
    "project_group": """
        search
        GET getMilestone: name* -> project_group_milestone-full
    """,
    "distribution": """
        search
        GET getMilestone: name* -> milestone-full
        GET getSpecification: name* -> specification-full
        GET getSeries: name_or_version* -> distro_series-full
        GET getSourcePackage: name* -> distribution_source_package-full
    """,
    "project_series": """
        search
        GET getSpecification: name* -> specification-full
        POST newMilestone: name* date_targeted summary code_name => milestone
    """,
    "distro_series": "search",
    "distribution_source_package": "search",
    "source_package": "search",
    "milestone": "search",
    "person": "search",
    "team": "search",
    "bugs": """
        search
        POST createBug: title* description* tags information_type target* => bug
    """,
    "bug": """
        GET getNominations: nominations target -> bug_nomination-page
        GET isExpirable: days_old
        POST newMessage: subject content* send_notifications => message
        POST addTask: target* => bug_task
        POST addAttachment: data url comment* filename is_patch description => bug_attachment
        POST subscribe: person* level -> bug_subscription-full
        POST unsubscribe: person
        POST transitionToInformationType: information_type*
        POST linkCVE: cve*
        POST unlinkCVE: cve*
        POST addWatch: bug_tracker* remote_bug* => bug_watch
        POST lock: status* reason
        POST unlock:
        POST markUserAffected: affected
        POST setCommentVisibility: comment_number* visible*
        POST addNomination: target* => bug_nomination
        POST linkBranch: branch*
        POST unlinkBranch: branch*
    """,
    "message": """
        POST editContent: new_content*
        POST deleteContent:
    """,
    "bug_attachment": "POST removeFromBug:",
    "bug_nomination": """
        POST approve:
        POST decline:
    """,
    "specification": """
        POST linkBug: bug*
        POST unlinkBug: bug*
        POST proposeGoal: goal
    """,
    "people": """
        GET getByEmail: email* -> person-full
        GET find: text -> person-page
        GET findPerson: text -> person-page
        GET findTeam: text -> team-page
    """,
    "projects": """
        GET search: text -> project-page
        GET latest: -> project-page
        POST new_project: name* display_name* title* summary* licenses => project
    """,
    "project_groups": "GET search: text -> project_group-page",
}


@dataclass(frozen=True)
class Operation:
    """A named operation: `params` with whether they are required."""

    method: str
    name: str
    params: tuple[tuple[str, bool], ...]
    returns: str  # a representation
    makes: str  # a kind of entry, whose address comes back


def operations_of(kind: str) -> list[Operation]:
    """The named operations of a kind of resource."""
    lines = _TABLE.get(kind, "").strip().splitlines()
    return [_operation(line.replace("search", _SEARCH) if line.strip() == "search" else line)
            for line in lines]  # fmt: skip


def _operation(line: str) -> Operation:
    head, _, rest = line.partition(":")
    method, name = head.split()
    rest, _, makes = rest.partition("=>")
    arguments, _, returns = rest.partition("->")
    params = tuple((word.rstrip("*"), word.endswith("*")) for word in arguments.split())
    return Operation(method, name, params, returns.strip(), makes.strip())
