# SPDX-License-Identifier: GPL-3.0-or-later
# Run in a Linux guest by its agent: writes out all that is held back, and lets go of one USB device's file systems.
# $1: its idVendor, idProduct and, if it has one, serial, as the kernel has them, each on a line of its own.
# Exit status: 0 = written out, and nothing of it is mounted; 1 = written out, but something of it is still open;
# anything else = not written out. No freeze: FAT, which most sticks have, cannot be frozen.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
sync || exit 2

stick=
disks=
for disk in /sys/block/*; do
  place=$(readlink -f "$disk")
  while [ "${place#/sys/}" != "$place" ] && [ ! -e "$place/idVendor" ]; do
    place=${place%/*}
  done
  [ "$(cat "$place/idVendor" "$place/idProduct" "$place/serial" 2>/dev/null)" = "$1" ] || continue
  # Two of a kind: nobody knows which of them is meant.
  [ "${stick:=$place}" = "$place" ] || exit 1
  disks="$disks ${disk##*/}"
done

for disk in $disks; do
  # Encryption, LVM, RAID.
  for holder in "/sys/block/$disk/holders/"* "/sys/block/$disk/$disk"*/holders/*; do
    [ ! -e "$holder" ] || exit 1
  done
  for part in "/dev/$disk" "/dev/$disk"[0-9]*; do
    while grep -q "^$part " /proc/mounts; do
      umount "$part" || exit 1
    done
  done
done
