# Sourced by the scripts beside it: says each command before it is carried out.
# shellcheck shell=bash
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

usage() {
  echo "usage: ${0##*/} create|delete [--dry-run]" >&2
  exit 2
}

# Reads the arguments into ACTION and DRY_RUN.
arguments() {
  ACTION="" DRY_RUN=""
  for word in "$@"; do
    case "$word" in
      create | delete) [ -z "$ACTION" ] || usage; ACTION="$word" ;;
      --dry-run) DRY_RUN=yes ;;
      *) usage ;;
    esac
  done
  [ -n "$ACTION" ] || usage
}

# Ends with one sentence.
fail() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# Ends with one sentence where a program is missing.
need() {
  [ -z "$DRY_RUN" ] || return 0
  for program in "$@"; do
    command -v "$program" >/dev/null || fail "$program is not installed"
  done
}

# Shows a command as it could be typed.
say() {
  { printf '+'; printf ' %q' "$@"; printf '\n'; } >&2
}

# Shows a command, then carries it out, or only shows it.
run() {
  say "$@"
  [ -n "$DRY_RUN" ] || "$@"
}

# Shows a command that asks for something, and whether it found it. In a dry run nothing is there.
exists() {
  say "$@"
  [ -z "$DRY_RUN" ] && "$@" </dev/null >/dev/null 2>&1
}

# Builds the images where they changed; BUILT is then a line for each, NAME:TAG ARCHIVE. It needs no cloud, so it
# comes first: a machine that cannot build says so before anything is paid for.
build_images() {
  need python3
  [ -n "$DRY_RUN" ] || python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "python3 is older than 3.11"
  BUILT="$(cd "$ROOT" && run python3 -m images build)"
  [ -z "$DRY_RUN" ] || BUILT="$(printf 'localhost/modelyard-%s:TAG ARCHIVE\n' operator server)"
}

# Logs skopeo in to the registry $1 as the user $2, with the token that the rest of the line prints.
login() {
  local registry="$1" user="$2" token
  shift 2
  token="$(run "$@")"
  run skopeo login "$registry" --username "$user" --password-stdin <<<"$token"
}

# Copies what was built to the registry $1.
push_images() {
  local reference archive
  while read -r reference archive; do
    reference="${reference##*/}"
    run skopeo copy "docker-archive:$archive" "docker://$1/${reference%%:*}:0.1.0" </dev/null
  done <<<"$BUILT"
}
