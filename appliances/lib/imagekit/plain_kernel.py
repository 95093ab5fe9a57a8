# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel image that needs no decompressing, which costs seconds where the processor is emulated."""
import lzma
import struct
from pathlib import Path

from .command import BuildError, run

MIB = 1024 * 1024
PAGE = 4096
SECTOR = 512
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
PT_LOAD = 1
PAGE_TABLES_BYTES = 6 * PAGE
# Offsets in the header of a kernel image: Documentation/x86/boot.rst of Linux.
SETUP_SECTORS = 0x1F1
SYSTEM_SIZE = 0x1F4
LOAD_FLAGS_64_BIT = 0x236
PAYLOAD = 0x248
PREFERRED_ADDRESS = 0x258
INIT_SIZE = 0x260


def plain_kernel(image, target, work):
    """Writes to `target` the compressed kernel `image` as one that starts at once, at the address that it is linked
    for. It has no KASLR."""
    image = Path(image).read_bytes()
    setup_end = ((image[SETUP_SECTORS] or 4) + 1) * SECTOR
    elf = unpack(image, setup_end)
    entry, segments = read_elf(elf)
    system, memory = lay_out(loader_code(work), entry, segments)
    setup = bytearray(image[:setup_end])
    # Above the place where the kernel goes, so that copying never overwrites what is still to be copied.
    above = align(max(address + size for address, _, size in segments), 2 * MIB)
    struct.pack_into("<I", setup, SYSTEM_SIZE, len(system) // 16)
    struct.pack_into("<H", setup, LOAD_FLAGS_64_BIT, 0)
    struct.pack_into("<Q", setup, PREFERRED_ADDRESS, above)
    struct.pack_into("<I", setup, INIT_SIZE, memory)
    Path(target).write_bytes(setup + system)


def unpack(image, setup_end):
    """The ELF file inside a kernel image."""
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    payload = image[setup_end + offset:setup_end + offset + length]
    try:
        elf = lzma.LZMADecompressor().decompress(payload)
    except lzma.LZMAError as error:
        raise BuildError(f"the kernel is not compressed by xz: {error}") from error
    if elf[:4] != b"\x7fELF":
        raise BuildError("the kernel image holds no ELF file")
    return elf


def read_elf(elf):
    """The entry's address and, for each segment, physical address, bytes without the zeros at their end, size."""
    entry, table = struct.unpack_from("<QQ", elf, 24)
    size, count = struct.unpack_from("<HH", elf, 54)
    segments = []
    for number in range(count):
        kind, _, offset, _, address, length, memory, _ = PROGRAM_HEADER.unpack_from(elf, table + number * size)
        if kind == PT_LOAD:
            segments.append((address, elf[offset:offset + length].rstrip(b"\0"), memory))
    return entry, segments


def lay_out(code, entry, segments):
    """The part of an image behind its setup, and the memory that it needs."""
    head = len(code) + 16 * (len(segments) + 1)
    body = bytearray()
    table = b""
    for address, data, memory in segments:
        data += b"\0" * (-len(data) % 16)
        table += struct.pack("<IIII", align(head, 16) + len(body), address, len(data) // 4,
                             max(0, align(memory, 4) - len(data)) // 4)
        body += data
    table += bytes(16)
    page_tables = align(align(head, 16) + len(body), PAGE)
    code = code[:-8] + struct.pack("<II", page_tables, entry)
    system = code + table
    system += bytes(align(len(system), 16) - len(system)) + body
    return system, page_tables + PAGE_TABLES_BYTES


def loader_code(work):
    """The assembled loader; its last two words are to be filled in."""
    source = Path(__file__).with_name("plain-kernel.s")
    run("as", "--64", "-o", work / "loader.o", source)
    run("objcopy", "-O", "binary", "-j", ".text", work / "loader.o", work / "loader.bin")
    return (work / "loader.bin").read_bytes()


def align(value, unit):
    """`value` rounded up to a multiple of `unit`."""
    return -(-value // unit) * unit
