#!/usr/bin/env bash
# A minikube cluster with Modelyard's images in it: clouds/minikube.sh create|delete [--dry-run]
# Needs minikube, kubectl, python3 and an image builder (docker, podman or buildah).
# PROFILE, CPUS, MEMORY and KUBERNETES_VERSION choose another.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments "$@"

PROFILE="${PROFILE:-modelyard}"
CPUS="${CPUS:-4}"
MEMORY="${MEMORY:-6g}"
KUBERNETES_VERSION="${KUBERNETES_VERSION:-v1.34.0}"
need minikube kubectl

create() {
  local reference archive
  build_images
  run minikube start -p "$PROFILE" --cpus "$CPUS" --memory "$MEMORY" --kubernetes-version "$KUBERNETES_VERSION"
  run minikube -p "$PROFILE" addons enable metrics-server
  while read -r reference archive; do
    run minikube -p "$PROFILE" image load "$archive" </dev/null
    run minikube -p "$PROFILE" image tag "$reference" "${reference%%:*}:0.1.0" </dev/null
  done <<<"$BUILT"
  echo "next: kubectl --context $PROFILE apply -k k8s/overlays/minikube"
}

delete() {
  run minikube delete -p "$PROFILE"
}

"$ACTION"
