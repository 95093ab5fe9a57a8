#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Bash offers after asteroidectl. completion.sh SOURCE ASTEROIDECTL
set -u

source=$1
program=$(realpath "$2")
work=$(mktemp -d) || exit 1
trap 'rm -r "$work"' EXIT
mkdir -p "$work/appliances/netlab" "$work/appliances/tiny"
touch "$work/appliances/netlab/appliance.xml" "$work/appliances/tiny/appliance.xml"
printf '[paths]\nappliances=appliances\noverlays=overlays\nruntime=run\n' > "$work/a.conf"
cd "$work" || exit 1
. "$source/data/asteroidectl.bash"
number=0

# offers EXPECTED WORD…: the words so far, the last one is being typed
offers() {
  local expected=$1 offered
  shift
  COMP_WORDS=("$program" "$@")
  COMP_CWORD=$#
  _asteroidectl
  offered="$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')"
  number=$((number + 1))
  if [[ $offered == "$expected " ]]; then
    echo "ok $number asteroidectl $*"
  else
    echo "not ok $number asteroidectl $*"
    echo "# offered: $offered"
  fi
}

export LC_ALL=C
offers "check devices give list report reset show start station status stop take usb version warm" ""
offers "start station status stop" "st"
offers "--config --help --version" "--"
offers "--config --force" stop "--"
offers "--json" list "--j"
offers "netlab tiny" --config a.conf start ""
offers "netlab" --config a.conf show "n"
offers "a.conf appliances" --config a.conf check "a"
offers "a.conf" list --config "a.c"
offers "a.conf appliances" report --output "a"
offers "--json" report --output a.conf "--j"
offers "" --config a.conf status ""
offers "check disable enable" station ""
offers "cage x11" station enable --session ""
offers "--dry-run" station --root / "--d"
offers "disable" station --root / --session cage "d"
offers "explain list" usb ""
offers "netlab tiny" --config a.conf usb explain --appliance ""
offers "--appliance" usb explain --appliance tiny "--a"
echo "1..$number"
