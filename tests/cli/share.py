#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that offers a folder to a guest, asked as the guest's WebDAV daemon asks it: what it gives, what it takes,
and that neither paths nor links lead out of the folder."""
import hashlib
import os
import random
import re
import socket
import struct
import subprocess

import clikit

MOST = 0xffff  # data of one piece


class Guest:
    """The other end of the port."""

    def __init__(self, case, folder, mode):
        self.case, self.number = case, 0
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(case.folder / "port"))
        listening.listen(1)
        listening.settimeout(clikit.PATIENCE)
        environment = {name: value for name, value in case.environment().items() if name != "G_DEBUG"}  # phodav warns of what it is asked
        self.process = subprocess.Popen([case.build / "src/share/asteroide-share", case.folder / "port", folder, mode],
                                        env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.port, _ = listening.accept()
        self.port.settimeout(clikit.PATIENCE)
        self.reader = self.port.makefile("rb")
        listening.close()
        (case.folder / "port").unlink()

    def say(self, number, data):
        """Pieces of one client."""
        for begin in range(0, len(data), MOST) or [0]:
            piece = data[begin:begin + MOST]
            self.port.sendall(struct.pack("<qH", number, len(piece)) + piece)

    def hear(self):
        """The next piece: whose, and what; b"" = its end."""
        number, length = struct.unpack("<qH", self.reader.read(10))
        return number, self.reader.read(length)

    def request(self, method, path, body=b"", **headers):
        """The bytes of one request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: share", "Connection: close", f"Content-Length: {len(body)}",
                 *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def ask(self, method, path, body=b"", **headers):
        """One request of a new client: status and body of the answer."""
        self.number += 1
        self.say(self.number, self.request(method, path, body, **headers))
        answer = b""
        while (piece := self.hear())[1]:
            self.case.assertEqual(piece[0], self.number)
            answer += piece[1]
        head, _, rest = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), rest

    def end(self):
        """The guest is gone: so is the process."""
        self.port.shutdown(socket.SHUT_RDWR)
        self.case.assertEqual(self.process.wait(clikit.PATIENCE), 0)
        said = self.process.stderr.read().decode()
        self.process.stderr.close()
        self.reader.close()
        self.port.close()
        self.case.assertNotRegex(said, re.sub(r"-WARNING\|", "", clikit.NEVER.pattern))


class Share(clikit.CommandCase):
    """A folder with something in it, beside things that are nobody's business."""

    def setUp(self):
        super().setUp()
        self.shared = self.folder / "shared"
        (self.shared / "deep/er").mkdir(parents=True)
        self.large = random.Random(1).randbytes(3_000_000)
        (self.shared / "deep/er/large").write_bytes(self.large)
        (self.shared / "note.txt").write_text("read me", encoding="utf-8")
        (self.folder / "secret").write_text("secret", encoding="utf-8")
        (self.folder / "private").mkdir()
        (self.folder / "private/kept").write_text("kept", encoding="utf-8")
        for name, target in (("inside", "deep/er/large"), ("relative", "../secret"), ("absolute", self.folder / "secret"),
                             ("folder", "../private"), ("root", "/"), ("chain", "relative"), ("nowhere", "../new"),
                             ("deep/up", "../../private"), ("deep/secret", "../../secret")):
            (self.shared / name).symlink_to(target)
        self.outside = self.census()

    def census(self):
        """All that is outside of the folder."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*")
                if path.is_file() and self.shared not in path.parents}

    def guest(self, mode):
        """A guest that is let in, and ended with the case."""
        guest = Guest(self, self.shared, mode)
        self.addCleanup(guest.process.kill)
        return guest

    def test_reads(self):
        """What a guest reads is what the station has; it writes nothing."""
        guest = self.guest("read")
        before = {path: path.lstat().st_mtime_ns for path in self.shared.rglob("*")}
        for path in ("/deep/er/large", "/inside"):
            status, body = guest.ask("GET", path)
            self.assertEqual((status, hashlib.sha256(body).hexdigest()), (200, hashlib.sha256(self.large).hexdigest()))
        status, body = guest.ask("PROPFIND", "/", Depth="1")
        self.assertEqual(status, 207)
        self.assertIn(b"note.txt", body)
        for request in (("PUT", "/new", b"x"), ("PUT", "/note.txt", b"x"), ("MKCOL", "/new"), ("DELETE", "/note.txt"),
                        ("PROPPATCH", "/note.txt", b"x"), ("LOCK", "/note.txt")):
            self.assertEqual(guest.ask(*request)[0], 403, request)
        for method in ("MOVE", "COPY"):
            self.assertEqual(guest.ask(method, "/note.txt", Destination="http://share/new")[0], 403, method)
        self.assertEqual({path: path.lstat().st_mtime_ns for path in self.shared.rglob("*")}, before)
        guest.end()

    def test_writes(self):
        """Where it may, a guest writes, moves and deletes."""
        guest = self.guest("write")
        self.assertEqual(guest.ask("PUT", "/deep/new", self.large)[0], 201)
        self.assertEqual((self.shared / "deep/new").read_bytes(), self.large)
        self.assertEqual(guest.ask("PUT", "/note.txt", b"changed")[0], 200)
        self.assertEqual((self.shared / "note.txt").read_bytes(), b"changed")
        self.assertEqual(guest.ask("MKCOL", "/made")[0], 201)
        self.assertEqual(guest.ask("MOVE", "/deep/new", Destination="http://share/made/moved")[0], 201)
        self.assertEqual((self.shared / "made/moved").read_bytes(), self.large)
        self.assertEqual(guest.ask("DELETE", "/made")[0], 204)
        self.assertFalse((self.shared / "made").exists())
        guest.end()
        self.assertEqual(self.census(), self.outside)

    def test_stays_inside(self):
        """No path and no link leads out: not to read, not to write, not to delete, not to look at."""
        for mode in ("read", "write"):
            guest = self.guest(mode)
            for path in ("/relative", "/absolute", "/chain", "/folder/kept", "/deep/up/kept", "/root/etc/passwd", "/root" + str(self.folder / "secret")):
                for method in ("GET", "HEAD", "PROPFIND", "DELETE", "PROPPATCH"):
                    status, body = guest.ask(method, path, Depth="0")
                    self.assertEqual((status, body), (403, b""), (mode, method, path))
                self.assertEqual(guest.ask("PUT", path, b"x")[0], 403, (mode, path))
            for path in ("/nowhere", "/folder/new", "/deep/up/new"):
                self.assertEqual(guest.ask("PUT", path, b"x")[0], 403, (mode, path))
                self.assertEqual(guest.ask("MKCOL", path)[0], 403, (mode, path))
                for method in ("MOVE", "COPY"):
                    self.assertEqual(guest.ask(method, "/note.txt", Destination=f"http://share{path}")[0], 403, (mode, method, path))
            for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/deep/../../secret", "//../secret", "/deep/%2e%2e/%2e%2e/secret"):
                status, body = guest.ask("GET", path)
                self.assertIn(status, (400, 403, 404), (mode, path))
                self.assertNotIn(b"secret", body)
            guest.end()
        self.assertEqual(self.census(), self.outside)

    def test_tree_with_links(self):
        """A folder is copied without what links in it lead to, and deleted with the links, but not with that."""
        guest = self.guest("write")
        guest.ask("COPY", "/deep", Destination="http://share/copy")
        guest.ask("DELETE", "/deep")
        self.assertFalse((self.shared / "deep/up").is_symlink())
        self.assertEqual([path for path in self.shared.rglob("*") if path.is_file() and not path.is_symlink()
                          and path.read_bytes() in (b"secret", b"kept")], [])
        guest.end()
        self.assertEqual(self.census(), self.outside)

    def test_many_clients(self):
        """Clients side by side, their requests in pieces; a crowd is cut off, and the next one served."""
        guest = self.guest("read")
        request = guest.request("GET", "/note.txt")
        for number in range(1000, 1010):
            guest.say(number, request[:20])
        for number in range(1000, 1010):
            guest.say(number, request[20:])
        answers = {}
        ended = set()
        while len(ended) < 10:
            number, piece = guest.hear()
            answers[number] = answers.get(number, b"") + piece
            ended |= {number} if not piece else set()
        self.assertEqual({answer.split(b"\r\n\r\n")[1] for answer in answers.values()}, {b"read me"})
        for number in range(2000, 2100):
            guest.say(number, request[:20])
        for number in range(2000, 2100):
            guest.say(number, b"")
        self.assertEqual(guest.ask("GET", "/note.txt"), (200, b"read me"))
        guest.end()

    def test_nonsense(self):
        """What is no HTTP ends its client, and no more."""
        guest = self.guest("write")
        guest.say(7, b"\0" * 1000 + b"\r\n\r\n")
        while guest.hear()[1]:
            pass
        self.assertEqual(guest.ask("GET", "/note.txt"), (200, b"read me"))
        guest.end()

    def test_no_folder(self):
        """A folder that is not there, or is none, and nobody at the socket: a sentence, and the end."""
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.folder / "port"))
        listening.listen(5)
        for port, folder, reason in (("port", "missing", "No such file"), ("port", "secret", "Not a directory"), ("none", "shared", "none: No such file")):
            done = self.run_program(self.build / "src/share/asteroide-share", self.folder / port, self.folder / folder, "read", expect=1)
            self.assertRegex(done.stderr, f"^asteroide-share: .*{reason}")
        listening.close()
        os.unlink(self.folder / "port")

    def test_check(self):
        """An appliance that asks for a folder which the station does not have is told of, and good."""
        self.add("lesson", more='<devices><clipboard direction="in"/><share folder="course" writable="yes"/><smartcard/></devices>')
        done = self.ctl("check", "lesson")
        self.assertRegex(done.stderr, "^Warning: lesson: This station has no shared folder “course”")
        self.assertEqual(self.ctl_json("show", "lesson")["devices"], ["clipboard-in", "share", "share-write", "smartcard"])
        self.configure(more="[shares]\ncourse=shared\n")
        self.assertEqual(self.ctl("check", "lesson").stderr, "")


if __name__ == "__main__":
    clikit.main()
