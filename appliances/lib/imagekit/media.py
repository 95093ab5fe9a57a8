# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder → an initramfs, a squashfs, a bootable disk, a live CD. The same input gives the same bytes."""
import os
import shutil
import stat
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .command import EPOCH, GRUB, BuildError, environment, run

MIB = 1024 * 1024
SECTOR = 512
FILE_SYSTEM_UUID = "a57e401d-0000-4000-8000-000000000001"
DISK_IDENTIFIER = "0xa57e401d"
# boot.img compares the BIOS's drive number here; grub-install, too, removes that on a disk that boots by itself.
DRIVE_CHECK_OFFSET = 0x66
TWO_NO_OPERATIONS = b"\x90\x90"
# The disk's last four bytes of code before its identifier and partition table.
BOOT_CODE_BYTES = 440
# mke2fs copies each file's change time, which nobody can choose; so all dates are set afterwards.
INODE_DATES = ([(f"{kind}time", f"@{EPOCH}") for kind in ("a", "c", "m", "cr")]
               + [(f"{kind}time_extra", "0") for kind in ("a", "c", "m", "cr")])


def settle(folder):
    """Gives everything the same date and the modes of an installed system, whatever the builder's umask."""
    for path in [Path(folder), *Path(folder).rglob("*")]:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            path.chmod(0o755)
        elif stat.S_ISREG(mode):
            path.chmod(0o755 if mode & 0o111 else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def initramfs(root, target):
    """`root` as an lz4 initramfs. The kernel cannot see where lz4 ends: it must be the last of several."""
    Path(target).write_bytes(pipe(["lz4", "-l", "-9", "-c"], cpio(root), root))


def plain_initramfs(root, target):
    """`root` as an initramfs that is not compressed, for what is so already."""
    Path(target).write_bytes(cpio(root))


def cpio(root):
    """`root` as the bytes of an archive that the kernel unpacks."""
    settle(root)
    names = sorted(str(path.relative_to(root)) for path in Path(root).rglob("*"))
    return pipe(["cpio", "--create", "--format=newc", "--quiet", "--reproducible", "--owner=0:0"],
                "\n".join(names).encode() + b"\n", root)


def squashfs(root, target):
    """`root`, all owned by root, as a squashfs that unpacks fast."""
    settle(root)
    run("mksquashfs", root, target, "-comp", "lz4", "-Xhc", "-noappend", "-quiet", "-no-progress", "-all-root",
        "-no-xattrs", "-reproducible")


def disk(root, kernel, initrd, options, size_mib, target, work, owners=()):
    """A qcow2 disk that a BIOS boots: GRUB in the gap before the one partition, an ext4 of `root` with `kernel` and
    `initrd` in its /boot, `options` on the kernel's command line. The guest sees `size_mib`. `owners` are
    (path, uid) of what is not root's."""
    boot_files(root / "boot", kernel, [initrd], options)
    settle(root)
    image = work / "disk.raw"
    image.write_bytes(b"")
    os.truncate(image, size_mib * MIB)
    file_system(root, image, size_mib - 1, owners)
    run("sfdisk", "--quiet", image, input=f"label: dos\nlabel-id: {DISK_IDENTIFIER}\n2048,,83,*\n".encode())
    core = work / "core.img"
    grub_image("i386-pc", core, work, "set root=(hd0,msdos1)", "ext2")
    install_grub(image, core)
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", image, target)


def live_cd(folder, kernel, initrds, options, label, target, work):
    """An ISO of `folder` that a BIOS boots from a CD or, written raw, from a stick. GRUB reads the kernel and all
    `initrds` into memory, so that the guest needs no driver for its CD."""
    boot_files(folder / "boot", kernel, initrds, options)
    loader = folder / "boot/grub/eltorito.img"
    grub_image("i386-pc-eltorito", loader, work, "search.file /boot/grub/grub.cfg root", "iso9660", "search_fs_file")
    settle(folder)
    date = datetime.fromtimestamp(EPOCH, timezone.utc).strftime("%Y%m%d%H%M%S00")
    run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", label, "-b", "boot/grub/eltorito.img",
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
        "--grub2-mbr", f"{GRUB}/boot_hybrid.img", f"--modification-date={date}",
        "--set_all_file_dates", "set_to_mtime", "-uid", "0", "-gid", "0", "-o", target, folder)


def boot_files(folder, kernel, initrds, options):
    """/boot of a disk or CD. GRUB shows no menu and waits for nothing."""
    (folder / "grub").mkdir(parents=True)
    shutil.copyfile(kernel, folder / "vmlinuz")
    for initrd in initrds:
        shutil.copyfile(initrd, folder / initrd.name)
    names = " ".join(f"/boot/{initrd.name}" for initrd in initrds)
    menu = f"set timeout=0\nlinux /boot/vmlinuz {options}\ninitrd {names}\nboot\n"
    (folder / "grub/grub.cfg").write_text(menu, encoding="utf-8")


def grub_image(platform, target, work, find_root, *modules):
    """GRUB's core with all modules it will ever need."""
    early = work / "early.cfg"
    early.write_text(f"{find_root}\nset prefix=($root)/boot/grub\n", encoding="utf-8")
    run("grub-mkimage", "-O", platform, "-p", "/boot/grub", "-c", early, "-o", target, "biosdisk", "part_msdos",
        "linux", "normal", "configfile", *modules)


def install_grub(image, core):
    """Boot code into the first sector, GRUB's core into the gap behind it."""
    boot = bytearray(Path(GRUB, "boot.img").read_bytes()[:BOOT_CODE_BYTES])
    boot[DRIVE_CHECK_OFFSET:DRIVE_CHECK_OFFSET + 2] = TWO_NO_OPERATIONS
    code = core.read_bytes()
    if len(code) > MIB - SECTOR:
        raise BuildError("GRUB's core does not fit before the partition")
    with open(image, "r+b") as file:
        file.write(boot)
        file.seek(SECTOR)
        file.write(code)


def file_system(root, image, size_mib, owners):
    """An ext4 from `root` at 1 MiB of the image, with fixed identifiers."""
    run("mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum,^64bit", "-m", "0", "-N", "16384", "-J", "size=4",
        "-U", FILE_SYSTEM_UUID, "-L", "root", "-d", root,
        "-E", f"offset={MIB},lazy_itable_init=0,root_owner=0:0,hash_seed={FILE_SYSTEM_UUID}",
        image, f"{size_mib}M")
    paths = ["/", "/lost+found"] + [f"/{path.relative_to(root)}" for path in sorted(root.rglob("*"))]
    script = image.with_suffix(".debugfs")
    fields = [(path, field, value) for path in paths for field, value in INODE_DATES]
    fields += [(path, field, uid) for path, uid in owners for field in ("uid", "gid")]
    script.write_text("".join(f'set_inode_field "{path}" {field} {value}\n' for path, field, value in fields),
                      encoding="utf-8")
    done = subprocess.run(["debugfs", "-w", "-f", script, f"{image}?offset={MIB}"], env=environment(),
                          capture_output=True, text=True, check=False)
    # It ends well whatever its commands did; the first line of its errors is its version.
    complaints = done.stderr.splitlines()[1:]
    if done.returncode or complaints:
        raise BuildError(f"debugfs could not finish the file system: {'; '.join(complaints[:3])}")


def pipe(command, data, folder):
    """A filter's binary output."""
    done = subprocess.run(command, input=data, cwd=folder, env=environment(), capture_output=True, check=False)
    if done.returncode:
        raise BuildError(f"“{' '.join(command)}” failed with status {done.returncode}: {done.stderr.decode()}")
    return done.stdout
