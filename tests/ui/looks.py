#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a station may look like: its branding, its language, what stands in front, and all of it on a small screen."""
import contextlib
import functools
import sys
from pathlib import Path

from Xlib import display

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, processes  # noqa: E402
from stationkit.display import Display  # noqa: E402
from stationkit.intruder import Intruder  # noqa: E402

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#ff00ff"/></svg>'


class Looks(cases.StationCase):
    """Read from the screen."""

    def test_branding(self):
        """Title, logo, colours and wallpaper come from the configuration."""
        (self.station.folder / "logo.svg").write_text(LOGO, encoding="utf-8")
        self.station.write_config(branding={"title": "University of Ostrava", "logo": "logo.svg", "accent": "#00ff00",
                                            "background": "#663300"})
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("University of Ostrava")
        self.station.shot("branding")
        self.assertGreater(self.screen.share("663300"), 0.5)
        self.assertGreater(self.screen.share("ff00ff"), 0.003, "the logo")
        self.assertGreater(self.screen.share("00ff00"), 0.0005, "the frame around the tile that has the focus")

    def test_pointer(self):
        """The pointer is an arrow, which points at its tip; a bare X server's cross has its point in the middle."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.screen.move(300, 700)
        with contextlib.closing(display.Display(self.screen.name)) as connection:
            connection.xfixes_query_version()
            pointer = connection.xfixes_get_cursor_image(connection.screen().root)
        self.station.shot("pointer")
        self.assertLess(3 * pointer.xhot, pointer.width)
        self.assertLess(3 * pointer.yhot, pointer.height)

    def test_bad_icon(self):
        """An icon that is never done holds nobody up: it gets the general picture, the next one is drawn."""
        endless = LOGO.replace("<rect", '<filter id="f"><feTurbulence baseFrequency=".9" numOctaves="1000000"/></filter>'
                               '<rect filter="url(#f)"')
        for ident, name, icon in (("alpha", "Alpha writer", endless), ("beta", "Beta reader", LOGO)):
            self.station.add(ident, name, '<icon href="icon.svg"/>')
            (self.station.appliances / ident / "icon.svg").write_text(icon, encoding="utf-8")
        self.station.start_kiosk()
        self.screen.wait_for("Beta reader")
        processes.wait_until(lambda: self.screen.share("ff00ff") > 0.003, "the icon of the other one")
        self.station.shot("icons")
        self.station.wait_until(lambda: "alpha/icon.svg cannot be drawn" in self.station.kiosk.said(), "the end of the endless one")

    def test_languages(self):
        """Names and summaries in the reader's language, with accents."""
        self.station.add("alpha", "Network lab", '<name xml:lang="fr">Travaux réseau</name>'
                         '<name xml:lang="de">Netzwerklabor</name><summary>Four routers</summary>'
                         '<summary xml:lang="fr">Quatre routeurs</summary>')
        for language, name, other in (("fr:en", "Travaux réseau", "Network lab"), ("de", "Netzwerklabor", "Network lab"),
                                      ("es", "Network lab", "Netzwerklabor")):
            self.station.start_kiosk(LANGUAGE=language)
            self.screen.wait_for(name)
            self.assertFalse(self.screen.find(other))
            self.station.shot(language[:2])
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())

    def test_last_used_in_front(self):
        """What was used last stands in front the next time."""
        self.station.add_folder(self.appliances / "tiny", "zulu", lambda text: text.replace("Command line", "Zulu shell"))
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.assertLess(self.screen.find("Alpha writer")[0], self.screen.find("Zulu shell")[0])
        self.screen.click_on("Zulu shell")
        self.station.wait_state("ready")
        self.assertEqual(self.station.ctl("stop", "--force").returncode, 0)
        self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.station.shot("order")
        self.assertLess(self.screen.find("Zulu shell")[0], self.screen.find("Alpha writer")[0])

    def test_whole_screen(self):
        """The kiosk covers all of the screen, with no frame around it."""
        self.station.write_config(branding={"background": "#663300"})
        self.station.start_kiosk()
        self.screen.wait_for("There are no appliances on this station yet")
        width, height = self.screen.size
        self.screen.move(width // 2, height // 2)
        for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
            self.assertEqual(self.screen.colour(*corner), "663300")

    def test_emulation_is_told(self):
        """Without KVM the launcher and F1 say so, quietly."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("No KVM on this station")
        self.assertEqual(self.screen.share("8a1c1c"), 0, "it looks like an alarm over a guest")
        self.screen.key("F1")
        self.screen.wait_for("emulated, and so slow")


class SmallScreen(cases.StationCase):
    """What a graphics card shows without its driver."""

    screen_type = functools.partial(Display, width=800, height=600)

    def expect_whole(self):
        """The window is the monitor's size, and asks for no other: it would lie over the next one."""
        with contextlib.closing(Intruder(self.screen.name)) as intruder:
            (ident, area, _), = intruder.toplevels()
            hints = intruder.window(ident).get_wm_normal_hints()
        self.assertEqual(area, (0, 0, *self.screen.size))
        self.assertLessEqual(hints.min_width, self.screen.size[0])
        self.assertLessEqual(hints.min_height, self.screen.size[1])

    def test_many_words(self):
        """However long the names and however many the categories, all that is used is on the screen, and the next person begins at
        the first one."""
        self.station.write_config(branding={"title": "Technical University of Ostrava, Faculty of Electrical Engineering"},
                                  session={"reserve-mib": 16 << 20})
        for word in ("Algebra", "Botany", "Chemistry", "Drawing", "Economics", "Forestry", "Geology", "History"):
            self.station.add(word.lower(), f"{word} one", category=word)
        self.station.add("words", "Words to learn", category="Languages")
        self.station.start_kiosk()
        self.screen.wait_for("Algebra one")
        self.station.shot("begin")
        for phrase in ("Technical", "Type to search", "Enter: start"):
            self.assertTrue(self.screen.find(phrase), phrase)
        self.expect_whole()
        buttons = (0, 0, self.screen.size[0], self.screen.size[1] // 3)
        self.screen.click_on("Botany", area=buttons)
        self.screen.key(*["Right"] * 7)
        self.screen.wait_for("Languages", area=buttons)
        self.screen.key("space")
        self.screen.wait_for("Words to learn")
        self.station.shot("last-category")
        self.assertFalse(self.screen.find("Algebra", area=buttons))
        self.screen.key("Down", "Return")
        self.screen.wait_for("Back to the appliances")
        self.screen.key("Return")
        self.screen.wait_for("Algebra", area=buttons)

    def test_failure(self):
        """What has gone wrong, the way back, and the code for a phone."""
        self.station.write_config(session={"reserve-mib": 16 << 20})
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.screen.key("Return")  # a pointer over words hides them
        self.screen.wait_for("Try again")
        self.station.shot("failure")
        self.expect_whole()
        self.assertEqual(len(self.screen.codes()), 1)
        self.screen.click_on("Back to the appliances")
        self.station.wait_state("idle")


if __name__ == "__main__":
    cases.main()
