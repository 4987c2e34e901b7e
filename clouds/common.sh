# Sourced by the scripts beside it: says each command before it is carried out.
# shellcheck shell=bash
set -euo pipefail

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

# Ends with one sentence where a program is missing.
need() {
  [ -z "$DRY_RUN" ] || return 0
  for program in "$@"; do
    command -v "$program" >/dev/null || {
      echo "${0##*/}: $program is not installed" >&2
      exit 1
    }
  done
}

# Shows a command as it could be typed, then carries it out, or only shows it.
run() {
  { printf '+'; printf ' %q' "$@"; printf '\n'; } >&2
  [ -n "$DRY_RUN" ] || "$@"
}

# Builds the images where they changed, and copies each to the registry $1.
push_images() {
  local root reference archive
  root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
  if [ -n "$DRY_RUN" ]; then
    run "$root/.venv/bin/python" -m images build
    run skopeo copy docker-archive:ARCHIVE "docker://$1/modelyard-operator:0.1.0"
    run skopeo copy docker-archive:ARCHIVE "docker://$1/modelyard-server:0.1.0"
    return
  fi
  (cd "$root" && run .venv/bin/python -m images build) | while read -r reference archive; do
    reference="${reference##*/}"
    run skopeo copy "docker-archive:$archive" "docker://$1/${reference%%:*}:0.1.0" </dev/null
  done
}
