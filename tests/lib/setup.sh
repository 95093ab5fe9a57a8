# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# For tests/run and appliances/try: packages, an ordinary user, a source folder that this user can read, builds.

TEST_USER=asteroide-test

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

is_root() {
  [ "$(id -u)" = 0 ]
}

# Only Debian's own programs, the same words everywhere, nothing that changes what is built or started.
clean_environment() {
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  LC_ALL=C.UTF-8
  export PATH LC_ALL
  unset CC CFLAGS CPPFLAGS LDFLAGS LD_PRELOAD LD_LIBRARY_PATH PKG_CONFIG_PATH PYTHONPATH PYTHONHOME MAKEFLAGS DESTDIR
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages LIST…: those that are named in the lists and are not there.
install_packages() {
  missing=
  for package in $(sed 's/#.*//' "$@" | sort -u); do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  is_root || fail "these packages are missing, and only root can install them:$missing"
  echo "installing:$missing"
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get -q update && apt-get -q -y install --no-install-recommends $missing; } >"$log" 2>&1 \
    || { cat "$log" >&2; rm "$log"; fail "not installed:$missing"; }
  rm "$log"
}

# Tests and guests never run as root: choose_person NAME, for root; everybody else is that person.
choose_person() {
  PERSON=$(id -un)
  is_root || return 0
  PERSON=$1
  # X wants this folder to be root's.
  [ -d /tmp/.X11-unix ] || install -d -m 1777 /tmp/.X11-unix
  [ "$PERSON" = "$TEST_USER" ] && ! id "$TEST_USER" >/dev/null 2>&1 || return 0
  useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$TEST_USER"
}

# as_person COMMAND…: without any privilege, in a bare environment but for how long tests are to be, and dead when we are.
as_person() {
  for name in AST_BENCH_ROUNDS AST_FAULT_POINTS AST_LOAD_HOURS AST_LOAD_SECONDS AST_LOAD_SESSIONS; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$name=$value" "$@"
  done
  if is_root; then
    setpriv --reuid "$PERSON" --regid "$(id -g "$PERSON")" --init-groups --no-new-privs --pdeathsig KILL \
      env -i PATH="$PATH" LC_ALL=C.UTF-8 TMPDIR=/tmp HOME=/ "$@"
  else
    env -i PATH="$PATH" LC_ALL=C.UTF-8 TMPDIR=/tmp HOME=/ "$@"
  fi
}

can_read_all() {
  # From the root: find wants to come back to where it was begun, and that may be closed, too.
  [ -z "$(cd / && as_person find "$1" \( -path "$1/.git" -o -path "$1/build*" \) -prune -o \
    \( -type d \( ! -readable -o ! -executable \) -o -type f ! -readable \) -print -quit 2>&1)" ]
}

# go_where_all_can_read SOURCE SCRIPT ARGUMENT…: goes on with a copy of the source where it is closed to the person
# that is to run it. The copy stays, so that a second run builds only what has changed.
go_where_all_can_read() {
  source=$1 script=$2
  shift 2
  if can_read_all "$source"; then return 0; fi
  { is_root && [ -z "${AST_IN_COPY:-}" ]; } || fail "$source cannot be read whole by $PERSON"
  copy=/var/tmp/asteroide-$(printf %s "$source" | sha256sum | cut -c 1-16)
  [ -e "$copy" ] || mkdir -m 755 "$copy"
  # Anyone may make a folder there: one that is not root's alone is not used.
  { [ ! -L "$copy" ] && [ "$(stat -c '%u %a' "$copy")" = '0 755' ]; } || fail "$copy is not root's alone; remove it"
  echo "$PERSON cannot read $source: working in $copy"
  find "$copy" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
  tar -C "$source" --exclude=./.git --exclude='./build*' -c . | tar -C "$copy" -x --no-same-owner --no-same-permissions
  chmod -R a+rX "$copy"
  AST_IN_COPY=yes exec "$copy/$script" "$@"
}

# build SOURCE NAME OPTION…: sets up SOURCE/NAME with meson's options and builds, all or $BUILD_TARGET; silent unless something is wrong.
build() {
  source=$1 folder=$1/$2
  shift 2
  echo "building ${folder##*/}"
  mkdir -p "$folder"
  {
    { [ -e "$folder/build.ninja" ] || meson setup "$folder" "$source" -Dwerror=true "$@"; } && ninja -C "$folder" ${BUILD_TARGET:+"$BUILD_TARGET"}
  } >"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2; fail "$folder cannot be built"; }
}

build_appliances() {
  echo "building the sample appliances"
  mkdir -p "$1/build"
  "$1/appliances/build" --out "$1/build/appliances" >"$1/build/appliances.log" 2>&1 \
    || { cat "$1/build/appliances.log" >&2; fail 'the sample appliances cannot be built'; }
}

# build_station SOURCE: a machine without ASTEROIDE, and what "meson install" would put into it.
build_station() {
  echo "building the station's machine"
  mkdir -p "$1/build/station"
  {
    "$1/tests/appliances/reader/build" "$1/build/appliances" && "$1/tests/station/build" "$1/build/station/machine" && rm -rf "$1/build/station/installed" \
      && DESTDIR="$1/build/station/installed" meson install --no-rebuild -C "$1/build"
  } >"$1/build/station/build.log" 2>&1 || { cat "$1/build/station/build.log" >&2; fail "the station's machine cannot be built"; }
}

# let_person_write FOLDER…: for what people want to see afterwards.
let_person_write() {
  for folder in "$@"; do
    mkdir -p "$folder"
    ! is_root || chown -R "$PERSON:" "$folder"
  done
}
