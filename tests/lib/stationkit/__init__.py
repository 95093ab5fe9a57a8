# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests and trials of a whole station are made of: a person's session, a screen, a station, its kiosk."""
