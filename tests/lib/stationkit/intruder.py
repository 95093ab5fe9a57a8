# SPDX-License-Identifier: GPL-3.0-or-later
"""Another X client on the station's screen: what keys and pointer can do to it, what a program can, and what is to be
seen afterwards."""
import contextlib
import time
from collections import Counter, namedtuple

from Xlib import X, XK, Xatom, display, protocol
from Xlib.ext import xtest

from . import processes

# A mapped child of the root window, from the bottom to the top.
Toplevel = namedtuple("Toplevel", "ident area name")
# What is pressed together with another key.
MODIFIERS = ("Control_L", "Alt_L", "Shift_L", "Super_L")


def chords(*left_out):
    """All sets of modifiers with function keys, letters, digits and keys that somewhere mean something; without the keys
    that are left out, which do on that page what they are there for."""
    keys = ([f"F{number}" for number in range(1, 13)] + list("abcdefghijklmnopqrstuvwxyz") + list("0123456789")
            + ["Escape", "Tab", "BackSpace", "Delete", "Insert", "Print", "Menu", "Pause", "Home", "End", "Prior", "Next", "Up",
               "Down", "Left", "Right", "period", "semicolon", "slash", "grave", "minus", "plus", "Return", "space"])
    for choice in range(1 << len(MODIFIERS)):
        held = tuple(name for bit, name in enumerate(MODIFIERS) if choice >> bit & 1)
        for key in keys:
            if key not in left_out:
                yield (*held, key)


class Intruder:
    """One connection to the X server."""

    def __init__(self, name):
        self.display = display.Display(name)
        self.root = self.display.screen().root
        self.own = []
        self.pressed = 0  # keys, one by one
        self.clicked = Counter()  # by button

    def close(self):
        """Takes its windows along."""
        self.display.close()

    # What is to be seen

    def toplevels(self):
        """The mapped windows on the root, but for the intruder's own."""
        found = []
        for window in self.root.query_tree().children:
            try:
                if window.get_attributes().map_state != X.IsViewable or window.id in self.own:
                    continue
                area = window.get_geometry()
                found.append(Toplevel(window.id, (area.x, area.y, area.width, area.height), window.get_wm_name()))
            except Exception:  # gone meanwhile
                continue
        return found

    def count_windows(self):
        """How many windows there are, mapped or not, at all depths."""
        def below(window):
            return sum(1 + below(child) for child in window.query_tree().children)
        return below(self.root)

    def order(self):
        """All mapped windows' ids, from the bottom to the top, the intruder's too."""
        return [window.id for window in self.root.query_tree().children
                if window.get_attributes().map_state == X.IsViewable]

    def grabbed(self):
        """Does somebody hold the keyboard?"""
        status = self.root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        if status == X.GrabSuccess:
            self.display.ungrab_keyboard(X.CurrentTime)
            self.display.sync()
        return status != X.GrabSuccess

    def keys(self):
        """The codes of the keys that have come to its own windows since."""
        self.display.sync()
        events = [self.display.next_event() for _ in range(self.display.pending_events())]
        return [event.detail for event in events if event.type == X.KeyPress]

    # Hands

    def code(self, name):
        """The code of a key by its name; 0 where the keyboard has none."""
        return self.display.keysym_to_keycode(XK.string_to_keysym(name))

    def _fake(self, kind, name):
        code = self.code(name)
        if code:
            self.pressed += kind == X.KeyPress
            xtest.fake_input(self.display, kind, code)

    def hold(self, name, press=True):
        """Presses one key and keeps it down, or lets go of it."""
        self._fake(X.KeyPress if press else X.KeyRelease, name)
        self.display.sync()

    @contextlib.contextmanager
    def holding(self, name):
        """Holds a key down meanwhile."""
        self.hold(name)
        try:
            yield
        finally:
            self.hold(name, False)

    def press(self, chord, hold=0.004):
        """Presses the keys of a chord together, and lets go of them."""
        for name in chord:
            self._fake(X.KeyPress, name)
        self.display.sync()
        time.sleep(hold)
        for name in reversed(chord):
            self._fake(X.KeyRelease, name)
        self.display.sync()

    def point(self, x, y, *buttons):
        """Moves the pointer there and clicks these buttons."""
        xtest.fake_input(self.display, X.MotionNotify, x=x, y=y)
        for button in buttons:
            self.clicked[button] += 1
            xtest.fake_input(self.display, X.ButtonPress, button)
            xtest.fake_input(self.display, X.ButtonRelease, button)
        self.display.sync()

    def drag(self, start, end, button=1):
        """Pulls from one place to another."""
        xtest.fake_input(self.display, X.MotionNotify, x=start[0], y=start[1])
        self.clicked[button] += 1
        xtest.fake_input(self.display, X.ButtonPress, button)
        for part in range(1, 9):
            xtest.fake_input(self.display, X.MotionNotify, x=start[0] + (end[0] - start[0]) * part // 8,
                             y=start[1] + (end[1] - start[1]) * part // 8)
            self.display.sync()
            time.sleep(0.01)
        xtest.fake_input(self.display, X.ButtonRelease, button)
        self.display.sync()

    # Tools

    def window(self, ident):
        """A window by its number."""
        return self.display.create_resource_object("window", ident)

    def open(self, area, override=False):
        """A window of its own, on top."""
        window = self.root.create_window(*area, 0, self.display.screen().root_depth, background_pixel=0xff00ff,
                                         override_redirect=override, event_mask=X.KeyPressMask)
        self.own.append(window.id)
        window.map()
        window.raise_window()
        self.display.sync()
        return window

    def send(self, window, kind, *data):
        """A message such as window managers send: to the window, and to the root as programs do."""
        event = protocol.event.ClientMessage(window=window, client_type=self.display.intern_atom(kind),
                                             data=(32, (list(data) + [0] * 5)[:5]))
        window.send_event(event)
        self.root.send_event(event, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self.display.sync()

    def atom(self, name):
        """The number of a name."""
        return self.display.intern_atom(name)

    def rename(self, window, text):
        """Changes a property that window managers and panels show."""
        window.change_property(Xatom.WM_NAME, Xatom.STRING, 8, text.encode())
        self.display.sync()

    # What X clients hand to each other

    def offer(self, *selections):
        """Has something in these selections, for whoever asks."""
        owner = self.open((-20, -20, 10, 10), True)
        for name in selections:
            owner.set_selection_owner(self.atom(name), X.CurrentTime)
        self.display.sync()
        return owner

    def asked(self):
        """The names of the selections that somebody has wanted to read since."""
        self.display.sync()
        events = [self.display.next_event() for _ in range(self.display.pending_events())]
        return [self.display.get_atom_name(event.selection) for event in events if event.type == X.SelectionRequest]

    def read(self, selection, seconds=10):
        """What its owner says that a selection holds, as text; Timeout where it does not answer."""
        window = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        window.convert_selection(self.atom(selection), self.atom("UTF8_STRING"), self.atom("INTRUDER"), X.CurrentTime)
        self.display.flush()

        def answer():
            events = [self.display.next_event() for _ in range(self.display.pending_events())]
            return any(event.type == X.SelectionNotify for event in events)
        processes.wait_until(answer, f"an answer of the owner of {selection}", seconds)
        found = window.get_full_property(self.atom("INTRUDER"), X.AnyPropertyType)
        window.destroy()
        return bytes(found.value).decode() if found else None

    def owner(self, selection):
        """The window that has a selection; X.NONE where nobody has."""
        owner = self.display.get_selection_owner(self.atom(selection))
        return owner if owner == X.NONE else owner.id

    def drop(self, target, owner, place):
        """Drops a file on a window, as a file manager does by XDND; were it wanted, the target would ask for it."""
        types = self.atom("text/uri-list"), self.atom("text/plain"), self.atom("UTF8_STRING")
        where = place[0] << 16 | place[1]
        for kind, *data in (("XdndEnter", owner.id, 5 << 24, *types), ("XdndPosition", owner.id, 0, where, 0, self.atom("XdndActionCopy")),
                            ("XdndDrop", owner.id, 0, 0)):
            event = protocol.event.ClientMessage(window=target, client_type=self.atom(kind), data=(32, (data + [0] * 5)[:5]))
            target.send_event(event)
        self.display.sync()
