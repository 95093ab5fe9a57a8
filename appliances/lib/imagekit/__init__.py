# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes appliance images from Debian's packages: unpack, pick the files that are needed, write a disk or a CD.

packages   names → versions, archives and unpacked files, by the machine's own apt sources
tree       a folder that becomes a file system: files picked from packages, with the libraries they need
kernel     a kernel of a package and the modules picked from it
media      a tree → initramfs, bootable disk, live CD; the same input gives the same bytes
recipe     what appliances/ID/build runs: is it up to date, build aside, publish at once, verify
"""
