# SPDX-License-Identifier: GPL-3.0-or-later
PS1="${LAB_NODE:-netlab}:\\w# "
