"""The tables of the stand-in's SQLite database.

A bug, its tasks, messages and activity have tables of their own, with the columns that a search
or an order asks for; every other kind of entry is an `item`. `data` is JSON: what the table of
fields says is stored.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS bug(
    id INTEGER PRIMARY KEY, nickname TEXT, title TEXT NOT NULL, owner TEXT, created TEXT NOT NULL,
    updated TEXT NOT NULL, info TEXT NOT NULL, duplicate_of INTEGER, heat INTEGER NOT NULL,
    messages INTEGER NOT NULL, duplicates INTEGER NOT NULL, affected INTEGER NOT NULL, patch TEXT,
    data TEXT NOT NULL, home TEXT);
CREATE INDEX IF NOT EXISTS bug_updated ON bug(updated);
CREATE INDEX IF NOT EXISTS bug_duplicate ON bug(duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX IF NOT EXISTS bug_info ON bug(info);
CREATE INDEX IF NOT EXISTS bug_nickname ON bug(nickname) WHERE nickname IS NOT NULL;
CREATE TABLE IF NOT EXISTS task(
    id INTEGER PRIMARY KEY, bug INTEGER NOT NULL, target TEXT NOT NULL, pillar TEXT NOT NULL,
    sort TEXT NOT NULL, status TEXT NOT NULL, importance TEXT NOT NULL, assignee TEXT,
    milestone TEXT, owner TEXT, created TEXT, assigned TEXT, closed TEXT, name TEXT,
    data TEXT NOT NULL, UNIQUE(bug, target));
CREATE INDEX IF NOT EXISTS task_target ON task(target, bug);
CREATE INDEX IF NOT EXISTS task_pillar ON task(pillar, bug);
CREATE INDEX IF NOT EXISTS task_milestone ON task(milestone) WHERE milestone IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_assignee ON task(assignee) WHERE assignee IS NOT NULL;
CREATE TABLE IF NOT EXISTS message(
    bug INTEGER NOT NULL, idx INTEGER NOT NULL, owner TEXT, data TEXT NOT NULL,
    UNIQUE(bug, idx));
CREATE TABLE IF NOT EXISTS activity(
    id INTEGER PRIMARY KEY, bug INTEGER NOT NULL, changed TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS activity_bug ON activity(bug, changed);
CREATE TABLE IF NOT EXISTS item(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL UNIQUE, bug INTEGER,
    parent TEXT, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS item_bug ON item(bug, kind) WHERE bug IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_parent ON item(parent, kind) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_kind ON item(kind);
CREATE TABLE IF NOT EXISTS tag(bug INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY(bug, tag));
CREATE INDEX IF NOT EXISTS tag_tag ON tag(tag);
CREATE TABLE IF NOT EXISTS relation(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
    UNIQUE(name, source, target));
CREATE INDEX IF NOT EXISTS relation_target ON relation(name, target);
CREATE TABLE IF NOT EXISTS policy(
    pillar TEXT NOT NULL, person TEXT NOT NULL, info TEXT NOT NULL,
    PRIMARY KEY(pillar, person, info));
CREATE TABLE IF NOT EXISTS access(
    bug INTEGER NOT NULL, person TEXT NOT NULL, PRIMARY KEY(bug, person));
CREATE INDEX IF NOT EXISTS access_person ON access(person);
CREATE TABLE IF NOT EXISTS spec_access(
    spec TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY(spec, person));
CREATE TABLE IF NOT EXISTS token(
    key TEXT PRIMARY KEY, secret TEXT NOT NULL, consumer TEXT NOT NULL, person TEXT,
    permission TEXT NOT NULL, request INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS consumer(key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS file(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, content BLOB NOT NULL,
    size INTEGER NOT NULL, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS meta_value ON meta(value);
"""
