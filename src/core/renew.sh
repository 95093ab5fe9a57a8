# SPDX-License-Identifier: GPL-3.0-or-later
# Run in a Linux guest by its agent. $1 "mark": before the guest is saved; "renew": after each restore, with random bytes
# (hexadecimal) of the station's as $2. A machine id that was made while the guest booted, is made anew, as each cold boot
# would; one that the image brings along, or that systemd took from the virtual machine's UUID, stays.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mark=/run/asteroide-new-machine-id

case $1 in
mark)
  booted=$(sed -n 's/^btime //p' /proc/stat)
  uuid=$(tr -d '\n-' </sys/class/dmi/id/product_uuid | tr A-F a-f)
  for file in /etc/machine-id /var/lib/dbus/machine-id; do
    [ -s "$file" ] && [ ! -L "$file" ] && [ "$(cat "$file")" != "$uuid" ] || continue
    [ "$(stat -c %Y "$file")" -lt "$booted" ] || echo "$file" >>"$mark"
  done
  ;;
renew)
  # For kernels that do not hear of a new generation of the machine (vmgenid).
  echo "$2" >/dev/urandom
  [ -e "$mark" ] || exit 0
  id=$(tr -d - </proc/sys/kernel/random/uuid)
  while read -r file; do
    echo "$id" >"$file"
  done <"$mark"
  ;;
esac
