#!/usr/bin/python3
"""Writes the manual pages, compressed: manual.py WEIR SCHEMA DIRECTORY.

Each is the .in file beside this one, and in place of its mark what is known elsewhere: what
`weir COMMAND --help` says, and how the settings' schema describes the keys. So they keep up.
"""

import gzip
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

SECTION = re.compile(r"^([A-Z][a-z]+):$")
ENTRY = re.compile(r"^  (\S.*?)(?:\s{2,}(\S.*))?$")
MORE = re.compile(r"^ {20,}(\S.*)$")
CHOICE = re.compile(r" TEXT:\{(.*)\}(?:=(\S+))?")
EXCLUDES = re.compile(r" Excludes: (.*)")


class command_help:
    """What CLI11 prints for --help: a sentence, entries in sections, and perhaps a footer."""

    def __init__(self, weir, words=()):
        printed = subprocess.run(
            [weir, *words, "--help"], check=True, capture_output=True, text=True
        ).stdout
        self.sections, self.footer = {}, []
        entries, lines = None, printed.splitlines()
        self.summary, self.usage = lines[0], lines[1].removeprefix("Usage: ")
        for line in lines[2:]:
            if section := SECTION.match(line):
                entries = self.sections.setdefault(section[1], [])
            elif entries and (more := MORE.match(line)):
                entries[-1][1] = f"{entries[-1][1]} {more[1]}".strip()
            elif entries is not None and (entry := ENTRY.match(line)):
                entries.append([entry[1], entry[2] or ""])
            elif line.strip():
                self.footer.append(line.strip())
        self.commands = [
            command_help(weir, (*words, name)) for name, _ in self.sections.get("Subcommands", [])
        ]


def plain(text):
    """Text in which roff finds nothing to do."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


def items(pairs):
    """A tagged list."""
    lines = [".Bl -tag -width Ds"]
    for term, text in pairs:
        lines += [f".It {plain(term)}", *([plain(text)] if text else [])]
    return [*lines, ".El"]


def in_words(term, text):
    """An option's choices and enemies are said behind what it does: too long for its name."""
    said = [text]
    if choice := CHOICE.search(term):
        said.append("one of " + choice[1].replace(",", ", "))
        said += [f"default {choice[2]}"] if choice[2] else []
    if excludes := EXCLUDES.search(term):
        said.append("not with " + excludes[1].replace(" ", ", "))
    return EXCLUDES.sub("", CHOICE.sub(" TEXT", term)), "; ".join(said)


def command_lines(helped):
    """This command and those below it, without the options that all have."""
    lines = [f".Ss {plain(helped.usage)}", plain(helped.summary)]
    for name in ("Positionals", "Options"):
        own = [
            in_words(*pair)
            for pair in helped.sections.get(name, [])
            if not pair[0].startswith("-h,")
        ]
        lines += items(own) if own else []
    for footer in helped.footer:
        lines += [".Pp", plain(footer)]
    for below in helped.commands:
        lines += command_lines(below)
    return lines


class settings:
    """Each key of the schema with its path, as complaints name it."""

    def __init__(self, schema):
        with open(schema, encoding="utf-8") as file:
            self.schema = json.load(file)
        self.keys = []
        self.walk(self.schema, "")

    def resolve(self, node):
        """What the node refers to, under what it says itself."""
        name = node.get("$ref", "").removeprefix("#/$defs/")
        return {**self.schema["$defs"][name], **node} if name else node

    def walk(self, node, path):
        for key, child in node.get("properties", {}).items():
            child = self.resolve(child)
            if "properties" not in child and key != "$schema":
                self.keys.append((path + key, self.words(child)))
            self.walk(child, f"{path}{key}.")
        others = node.get("additionalProperties")
        if isinstance(others, dict):
            self.walk(self.resolve(others), f"{path}NAME.")

    @staticmethod
    def words(node):
        said = [node.get("description", "")]
        if "enum" in node:
            said.append("one of " + ", ".join(map(json.dumps, node["enum"])))
        if "default" in node:
            said.append("default " + json.dumps(node["default"]))
        return "; ".join(filter(None, said))


def write(directory, page, mark, lines):
    with open(os.path.join(HERE, f"{page}.in"), encoding="utf-8") as frame:
        text = frame.read().replace(mark, "\n".join(lines))
    with open(os.path.join(directory, f"{page}.gz"), "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as compressed:
            compressed.write(text.encode())


if __name__ == "__main__":
    program, described, target = sys.argv[1:]
    commands = command_help(program).commands
    write(target, "weir.1", "@COMMANDS@", [line for c in commands for line in command_lines(c)])
    write(target, "weir.json.5", "@KEYS@", items(settings(described).keys))
