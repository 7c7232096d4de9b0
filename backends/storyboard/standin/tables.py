"""The tables of the stand-in: those of StoryBoard's schema 063 that its API shows."""

from __future__ import annotations

from dataclasses import dataclass

STAMPS = "created_at TEXT, updated_at TEXT"

SCHEMA = f"""
CREATE TABLE counter (kind TEXT PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE user (
  id INTEGER PRIMARY KEY, full_name TEXT, openid TEXT, email TEXT, folded TEXT UNIQUE,
  is_superuser INTEGER DEFAULT 0, enable_login INTEGER DEFAULT 1, {STAMPS});
CREATE TABLE token (
  id INTEGER PRIMARY KEY, user_id INTEGER, access_token TEXT UNIQUE, expires_in INTEGER,
  ends TEXT, {STAMPS});
CREATE INDEX token_user ON token (user_id);
CREATE TABLE project (
  id INTEGER PRIMARY KEY, name TEXT, folded TEXT UNIQUE, description TEXT,
  is_active INTEGER DEFAULT 1, repo_url TEXT, autocreate_branches INTEGER DEFAULT 0, {STAMPS});
CREATE TABLE project_group (
  id INTEGER PRIMARY KEY, name TEXT, folded TEXT UNIQUE, title TEXT, {STAMPS});
CREATE TABLE project_group_member (
  group_id INTEGER, project_id INTEGER, PRIMARY KEY (group_id, project_id));
CREATE TABLE branch (
  id INTEGER PRIMARY KEY, name TEXT, folded TEXT, project_id INTEGER, expired INTEGER DEFAULT 0,
  expiration_date TEXT, autocreated INTEGER DEFAULT 0, restricted INTEGER DEFAULT 0, {STAMPS},
  UNIQUE (project_id, folded));
CREATE TABLE milestone (
  id INTEGER PRIMARY KEY, name TEXT, folded TEXT, branch_id INTEGER, expired INTEGER DEFAULT 0,
  expiration_date TEXT, {STAMPS}, UNIQUE (branch_id, folded));
CREATE TABLE story (
  id INTEGER PRIMARY KEY, title TEXT, description TEXT, is_bug INTEGER DEFAULT 1,
  creator_id INTEGER, story_type_id INTEGER DEFAULT 1, private INTEGER DEFAULT 0, {STAMPS});
CREATE INDEX story_private ON story (private);
CREATE INDEX story_updated ON story (updated_at);
CREATE TABLE task (
  id INTEGER PRIMARY KEY, title TEXT, status TEXT DEFAULT 'todo', creator_id INTEGER,
  story_id INTEGER, link TEXT, project_id INTEGER, assignee_id INTEGER,
  priority TEXT DEFAULT 'medium', branch_id INTEGER, milestone_id INTEGER, {STAMPS});
CREATE INDEX task_story ON task (story_id, id);
CREATE INDEX task_project ON task (project_id, id);
CREATE INDEX task_assignee ON task (assignee_id);
CREATE TABLE comment (
  id INTEGER PRIMARY KEY, content TEXT, is_active INTEGER DEFAULT 1, in_reply_to INTEGER,
  story_id INTEGER, author_id INTEGER, event_id INTEGER, {STAMPS});
CREATE INDEX comment_story ON comment (story_id, event_id);
CREATE TABLE history (
  id INTEGER PRIMARY KEY, comment_id INTEGER, content TEXT, {STAMPS});
CREATE INDEX history_comment ON history (comment_id, id);
CREATE TABLE event (
  id INTEGER PRIMARY KEY, event_type TEXT, event_info TEXT, story_id INTEGER,
  worklist_id INTEGER, board_id INTEGER, author_id INTEGER, comment_id INTEGER, {STAMPS});
CREATE INDEX event_story ON event (story_id, id);
CREATE INDEX event_worklist ON event (worklist_id) WHERE worklist_id IS NOT NULL;
CREATE INDEX event_board ON event (board_id) WHERE board_id IS NOT NULL;
CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT, folded TEXT UNIQUE, {STAMPS});
CREATE TABLE story_tag (
  place INTEGER PRIMARY KEY AUTOINCREMENT, story_id INTEGER, tag_id INTEGER);
CREATE INDEX story_tag_story ON story_tag (story_id, tag_id);
CREATE INDEX story_tag_tag ON story_tag (tag_id);
CREATE TABLE permission (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE story_permission (story_id INTEGER PRIMARY KEY, permission_id INTEGER);
CREATE TABLE permission_user (
  place INTEGER PRIMARY KEY AUTOINCREMENT, permission_id INTEGER, user_id INTEGER,
  UNIQUE (permission_id, user_id));
CREATE TABLE permission_team (
  place INTEGER PRIMARY KEY AUTOINCREMENT, permission_id INTEGER, team_id INTEGER,
  UNIQUE (permission_id, team_id));
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, folded TEXT UNIQUE, {STAMPS});
CREATE TABLE team_member (team_id INTEGER, user_id INTEGER, PRIMARY KEY (team_id, user_id));
CREATE INDEX team_member_user ON team_member (user_id);
CREATE TABLE subscription (
  id INTEGER PRIMARY KEY, user_id INTEGER, target_type TEXT, target_id INTEGER, {STAMPS},
  UNIQUE (target_type, target_id, user_id));
CREATE TABLE worklist (
  id INTEGER PRIMARY KEY, title TEXT, creator_id INTEGER, project_id INTEGER,
  private INTEGER DEFAULT 0, archived INTEGER DEFAULT 0, automatic INTEGER DEFAULT 0, {STAMPS});
CREATE TABLE worklist_item (
  id INTEGER PRIMARY KEY, list_id INTEGER, item_id INTEGER, item_type TEXT,
  list_position INTEGER, archived INTEGER DEFAULT 0, {STAMPS});
CREATE INDEX worklist_item_list ON worklist_item (list_id, list_position);
CREATE INDEX worklist_item_item ON worklist_item (item_id);
CREATE TABLE board (
  id INTEGER PRIMARY KEY, title TEXT, description TEXT, creator_id INTEGER,
  project_id INTEGER, private INTEGER DEFAULT 0, archived INTEGER DEFAULT 0, {STAMPS});
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, board_id INTEGER, list_id INTEGER, position INTEGER, {STAMPS});
CREATE INDEX lane_board ON lane (board_id, position);
CREATE TABLE due_date (
  id INTEGER PRIMARY KEY, name TEXT, date TEXT, private INTEGER DEFAULT 0,
  creator_id INTEGER, {STAMPS});
CREATE TABLE due_date_item (
  due_date_id INTEGER, item_type TEXT, item_id INTEGER,
  PRIMARY KEY (due_date_id, item_type, item_id));
"""

#: what is emptied by a reset, and counted by a dump
TABLES: tuple[str, ...] = tuple(
    line.split()[2] for line in SCHEMA.splitlines() if line.startswith("CREATE TABLE")
)


@dataclass(frozen=True)
class Model:
    """How the server's own errors name a table: the class, the SQL table, the unique field."""

    name: str
    table: str
    columns: tuple[str, ...]
    unique: str = "id"


def _model(name: str, table: str, columns: str, unique: str = "id") -> Model:
    return Model(name, table, ("created_at", "updated_at", *columns.split()), unique)


MODELS: dict[str, Model] = {
    "story": _model(
        "Story", "stories", "creator_id story_type_id title description is_bug private"
    ),
    "task": _model(
        "Task",
        "tasks",
        "creator_id title link status story_id project_id assignee_id branch_id milestone_id "
        "priority",
    ),
    "comment": _model("Comment", "comments", "content is_active in_reply_to"),
    "project": _model(
        "Project",
        "projects",
        "name description repo_url is_active autocreate_branches",
        "name",
    ),
    "project_group": _model("ProjectGroup", "project_groups", "name title", "name"),
    "branch": _model(
        "Branch", "branches", "name project_id expired expiration_date autocreated restricted"
    ),
    "milestone": _model("Milestone", "milestones", "name branch_id expired expiration_date"),
    "user": _model(
        "User",
        "users",
        "full_name email openid is_staff is_active is_superuser last_login enable_login",
        "email",
    ),
    "token": _model("AccessToken", "accesstokens", "user_id access_token expires_in expires_at"),
    "tag": _model("StoryTag", "storytags", "name", "name"),
    "team": _model("Team", "teams", "name", "name"),
    "permission": _model("Permission", "permissions", "name codename", "name"),
    "due_date": _model("DueDate", "due_dates", "name date private creator_id"),
}
