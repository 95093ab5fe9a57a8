#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do pages, example and metadata say what the sources say?  docs.py SOURCE BUILD ASTEROIDECTL"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, BUILD, CTL = (Path(argument) for argument in sys.argv[1:4])
CONFIG_KEYS = re.findall(r'\{ "(\w+)", "([\w-]+)", read_', (SOURCE / "src/core/config.c").read_text())
ELEMENTS = re.findall(r'\{ "([a-z]+)", CONTENT_', (SOURCE / "src/core/descriptor.c").read_text())
COMMANDS = re.findall(r'^  \{ "([a-z]+)", "', (SOURCE / "src/ctl/main.c").read_text(), re.MULTILINE)
STATES = re.findall(r'\[AST_STATE_\w+\] = "([a-z]+)"', (SOURCE / "src/core/state.c").read_text())
USB_CLASSES = re.findall(r'^  \{ \w+, "([a-z-]+)", N_', (SOURCE / "src/core/usb-rule.c").read_text(), re.MULTILINE)
USB_REASONS = re.findall(r'\[AST_USB_\w+\]\s*=\s*\{\s*"([a-z-]+)"', (SOURCE / "src/core/usb-policy.c").read_text())
MAN_PAGES = ["asteroide.1", "asteroidectl.1", "asteroide.conf.5", "asteroide-appliance.5"]


def text(name):
    return (SOURCE / name).read_text(encoding="utf-8")


def missing(words, page, pattern):
    """Those of the words for which the pattern is not in the page; none at all would be a test that sees nothing."""
    if len(words) < 5:
        return ["the sources were not understood"]
    content = text(page)
    return [word for word in words if not re.search(pattern.replace("WORD", re.escape(word)), content, re.MULTILINE)]


def run(*command, **options):
    """What the command complains of, as lines; one line with its status where it fails without a word."""
    done = subprocess.run([str(word) for word in command], text=True, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    return done.stderr.splitlines() or ([f"exit status {done.returncode}"] if done.returncode else [])


def tool(name, *arguments):
    """As run; None where the tool is not installed."""
    return run(name, *arguments) if shutil.which(name) else None


def uncommented_example():
    """The example configuration with every key switched on."""
    return re.sub(r"^#([a-z-]+=)", r"\1", text("data/asteroide.conf"), flags=re.MULTILINE)


def example_shows_every_key():
    shown, group = [], None
    for line in uncommented_example().splitlines():
        group = line.strip("[]") if line.startswith("[") else group
        shown += [(group, line.split("=")[0])] if re.match(r"[a-z-]+=", line) else []
    # Those of [shares] are names of a station's own; one is shown.
    named = {(group, key) for group, key in shown if group == "shares"}
    return [f"{group}.{key}" for group, key in (set(shown) - named) ^ set(CONFIG_KEYS)] + ([] if named else ["shares"])


def example_can_be_read():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.conf"
        path.write_text(uncommented_example().replace("=/", f"={folder}/"), encoding="utf-8")
        return run(CTL, "check", "--config", path)


def c_text(expression, macros):
    """A string of C: a macro's name, or literals, of which several are one."""
    literals = re.findall(r'"((?:[^"\\]|\\.)*)"', expression)
    return "".join(literals) if literals else macros[expression.strip()]


def error_table():
    """Each code's word with its two sentences, for the student and for the admin."""
    code = text("src/core/error.c")
    macros = dict(re.findall(r'#define (\w+)\s+N_ \("([^"]*)"\)', code))
    sentence = r'(N_ \((?:\s*"(?:[^"\\]|\\.)*")+\)|[A-Z_]+)'
    rows = re.findall(rf'\[AST_ERROR_\w+\]\s*=\s*\{{\s*"([a-z-]+)",\s*{sentence},\s*{sentence}\s*\}}', code)
    return {word: (c_text(student, macros), c_text(admin, macros)) for word, student, admin in rows}


def failures_are_told():
    """The table of docs/failures.md: each code once and no other, the student's sentence and nothing more, the admin's one first."""
    errors = error_table()
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
            for line in text("docs/failures.md").splitlines() if re.match(r"\| `[a-z-]+` \|", line)]
    if len(errors) < len(re.findall(r"^  AST_ERROR_\w+,", text("src/core/error.h"), re.MULTILINE)) or len(errors) < 5:
        return ["the sources were not understood"]
    wrong = [f"{word} has no row, or two" for word in errors if sum(row[0] == word for row in rows) != 1]
    wrong += [f"{row[0]} is no code" for row in rows if row[0] not in errors]
    for word, happened, student, admin, where, kept in (row for row in rows if row[0] in errors):
        wrong += [f"{word}: the student's sentence is: {errors[word][0]}"] if student != errors[word][0] else []
        wrong += [f"{word}: the admin's sentence is: {errors[word][1]}"] if not admin.startswith(errors[word][1]) else []
        wrong += [f"{word}: seen where?"] if where not in ("screen", "command", "both") else []
        wrong += [f"{word}: a cell is empty"] if not (happened and kept) else []
    return wrong


def links_lead_somewhere():
    pages = [SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))]
    return [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]


def man_page_is_clean(name):
    return tool("groff", "-man", "-Tutf8", "-ww", BUILD / "docs" / name)


def screenshots_are_pictures():
    pictures = list((SOURCE / "docs/screenshots").glob("*.png"))
    return [str(path) for path in pictures if path.read_bytes()[:8] != b"\x89PNG\r\n\x1a\n"] if pictures else ["none"]


TESTS = {
    "the example configuration shows every key": example_shows_every_key,
    "the example configuration can be read": example_can_be_read,
    "the administrators' page has every key": lambda: missing([key for _, key in CONFIG_KEYS], "docs/admins.md", r"\| .*`WORD`"),
    "asteroide.conf(5) has every key": lambda: missing([key for _, key in CONFIG_KEYS], "docs/man/asteroide.conf.5.rst",
                                                       r"^(\w+, )?WORD(, \w+)?$"),
    "the failures' page has every code, with the program's sentences": failures_are_told,
    "the administrators' page has every state": lambda: missing(STATES, "docs/admins.md", r"^\| `WORD` \|"),
    "asteroidectl(1) has every state": lambda: missing(STATES, "docs/man/asteroidectl.1.rst", r"^WORD$"),
    "the administrators' page has every command": lambda: missing(COMMANDS, "docs/admins.md", r"^\| `WORD[ `]"),
    "asteroidectl(1) has every command": lambda: missing(COMMANDS, "docs/man/asteroidectl.1.rst", r"^WORD( |$)"),
    "the teachers' page has every element": lambda: missing(ELEMENTS, "docs/teachers.md", r"^\|.*`<WORD/?>`"),
    "asteroide-appliance(5) has every element": lambda: missing(ELEMENTS, "docs/man/asteroide-appliance.5.rst",
                                                                r"^WORD$|\*\*WORD\*\*"),
    "the teachers' page has every class of USB devices": lambda: missing(USB_CLASSES, "docs/teachers.md", r"`WORD`"),
    "asteroide-appliance(5) has every class of USB devices": lambda: missing(USB_CLASSES, "docs/man/asteroide-appliance.5.rst",
                                                                             r"\*\*WORD\*\*"),
    "the schema has every class of USB devices": lambda: missing(USB_CLASSES, "appliances/appliance.rng", r"<value>WORD</value>"),
    "asteroidectl(1) has every reason about USB devices": lambda: missing(USB_REASONS, "docs/man/asteroidectl.1.rst", r"\*WORD\*"),
    "links of the pages lead somewhere": links_lead_somewhere,
    "screenshots are pictures": screenshots_are_pictures,
    **{f"{name} is clean": (lambda name=name: man_page_is_clean(name)) for name in MAN_PAGES},
    "the desktop entry is valid": lambda: tool("desktop-file-validate", BUILD / "data/org.asteroide.Kiosk.desktop"),
    "the AppStream metadata are valid": lambda: tool("appstreamcli", "validate", "--no-net",
                                                     BUILD / "data/org.asteroide.Kiosk.metainfo.xml"),
}


def main():
    os.environ["LC_ALL"] = "C.UTF-8"
    print(f"1..{len(TESTS)}")
    for number, (name, test) in enumerate(TESTS.items(), 1):
        wrong = test()
        verdict = "not ok" if wrong else "ok"
        print(f"{verdict} {number} {name}{' # SKIP the tool is not installed' if wrong is None else ''}")
        for line in wrong or []:
            print(f"# {line}")


if __name__ == "__main__":
    main()
