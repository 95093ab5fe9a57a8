#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Is every string that the sources mark translated into every language? po.sh SOURCE
set -u

source=$1
work=$(mktemp -d) || exit 1
trap 'rm -r "$work"' EXIT
number=0

# check NAME COMMAND…: one test, with what the command says as its diagnosis
check() {
  name=$1
  shift
  number=$((number + 1))
  if "$@" > "$work/said" 2>&1; then
    echo "ok $number $name"
  else
    echo "not ok $number $name"
    sed 's/^/# /' "$work/said"
  fi
}

files() {
  grep -v '^#' "$source/po/POTFILES"
}

languages() {
  grep -v '^#' "$source/po/LINGUAS"
}

extract() {
  # As meson's preset for GLib, without line breaks, for the check of cut sentences.
  files | xgettext --files-from=- --directory="$source" --output="$work/all.pot" --from-code=UTF-8 --no-wrap \
    --keyword=_ --keyword=N_ --keyword=C_:1c,2 --keyword=NC_:1c,2 --flag=_:1:pass-c-format --flag=N_:1:pass-c-format
  test -s "$work/all.pot"
}

all_files_listed() {
  files | sort > "$work/listed"
  (cd "$source" && grep -lE '\<N?_ ?\("|\<ngettext ?\(' src/*/*.c && ls data/*.in) | sort > "$work/marked"
  diff "$work/listed" "$work/marked"
}

# A macro that xgettext does not know ends a sentence for it: “… from %”.
no_sentence_cut() {
  ! grep -nE '^msgid.*[^%]%"$' "$work/all.pot"
}

well_formed() {
  msgfmt --check --check-accelerators=_ --output-file=/dev/null "$source/po/$1.po"
}

promised_languages() {
  test "$(languages | tr '\n' ' ')" = "de es fr ja "
}

complete() {
  msgcmp "$source/po/$1.po" "$work/all.pot"
}

nothing_left_over() {
  test -z "$(msgattrib --only-obsolete "$source/po/$1.po")"
}

if ! command -v xgettext > /dev/null; then
  echo "1..0 # SKIP gettext is not installed"
  exit 0
fi
check "the marked strings are found" extract
check "POTFILES names the files that hold any" all_files_listed
check "no sentence is cut by a macro" no_sentence_cut
check "the four languages are there" promised_languages
for language in $(languages); do
  check "$language is well formed" well_formed "$language"
  check "$language lacks nothing" complete "$language"
  check "$language has nothing left over" nothing_left_over "$language"
done
echo "1..$number"
