# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel out of its package: the bootable file and the modules that a guest needs."""
import shutil
from pathlib import Path

from .command import BuildError, run


class Kernel:
    """The kernel of the flavour ("amd64", "cloud-amd64") in `packages`."""

    def __init__(self, packages, flavour):
        self.image = packages.find(rf"boot/vmlinuz-[0-9.]+-[0-9]+-{flavour}")
        self.version = self.image.name.removeprefix("vmlinuz-")
        self.modules = self.image.parents[1] / "lib/modules" / self.version
        self.needs = {}
        for line in (self.modules / "modules.dep").read_text(encoding="utf-8").splitlines():
            path, _, needs = line.partition(":")
            self.needs[module_name(path)] = (path, [module_name(need) for need in needs.split()])
        built_in = (self.modules / "modules.builtin").read_text(encoding="utf-8").split()
        self.built_in = {module_name(path) for path in built_in}

    def load_order(self, names):
        """Paths (relative to the modules' folder) of the modules and what they need, each after its needs."""
        ordered = []
        for name in names:
            if name in self.built_in:
                continue
            if name not in self.needs:
                raise BuildError(f"kernel {self.version} has no module “{name}”")
            path, needs = self.needs[name]
            # modules.dep lists the nearest need first.
            for each in [self.needs[need][0] for need in reversed(needs)] + [path]:
                if each not in ordered:
                    ordered.append(each)
        return ordered

    def copy_in_load_order(self, names, folder):
        """Puts the modules into a flat folder, named so that their alphabet is the order to load them in."""
        for number, path in enumerate(self.load_order(names)):
            shutil.copyfile(self.modules / path, Path(folder) / f"{number:02}-{Path(path).name}")

    def install_modules(self, names, root):
        """Puts the modules and what they need where modprobe finds them."""
        target = Path(root) / "usr/lib/modules" / self.version
        for path in [*self.load_order(names), "modules.order", "modules.builtin", "modules.builtin.modinfo"]:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.modules / path, target / path)
        run("depmod", "-b", root, self.version)


def module_name(path):
    """kernel/drivers/virtio/virtio-pci.ko → virtio_pci"""
    return Path(path).name.removesuffix(".ko").replace("-", "_")
