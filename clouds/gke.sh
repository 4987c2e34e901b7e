#!/usr/bin/env bash
# GKE with Istio, a registry and a pool of spot machines: clouds/gke.sh create|delete [--dry-run]
# Needs gcloud, logged in, kubectl with gke-gcloud-auth-plugin, istioctl, skopeo, python3 and an image builder
# (docker, podman or buildah), and PROJECT: the project to work in.
# CLUSTER, REGION, ZONE, REPOSITORY, NODE_SIZE and MAX_NODES choose other names and sizes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments "$@"

PROJECT="${PROJECT:?set PROJECT to the Google Cloud project}"
CLUSTER="${CLUSTER:-modelyard}"
REGION="${REGION:-europe-west1}"
ZONE="${ZONE:-$REGION-b}"
REPOSITORY="${REPOSITORY:-modelyard}"
NODE_SIZE="${NODE_SIZE:-e2-standard-4}"
MAX_NODES="${MAX_NODES:-3}"
need gcloud kubectl gke-gcloud-auth-plugin

create() {
  local server
  need istioctl skopeo
  build_images
  run gcloud services enable container.googleapis.com artifactregistry.googleapis.com --project "$PROJECT"
  exists gcloud artifacts repositories describe "$REPOSITORY" --location "$REGION" --project "$PROJECT" \
    || run gcloud artifacts repositories create "$REPOSITORY" --repository-format docker --location "$REGION" \
      --project "$PROJECT"
  server="$(run gcloud artifacts repositories describe "$REPOSITORY" --location "$REGION" --project "$PROJECT" \
    --format 'value(registryUri)')"
  : "${server:=REGISTRY_URI}" # a dry run has none
  login "${server%%/*}" oauth2accesstoken gcloud auth print-access-token
  push_images "$server"
  exists gcloud container clusters describe "$CLUSTER" --zone "$ZONE" --project "$PROJECT" \
    || run gcloud container clusters create "$CLUSTER" --zone "$ZONE" --num-nodes 1 --machine-type "$NODE_SIZE" \
      --enable-dataplane-v2 --workload-pool "$PROJECT.svc.id.goog" --project "$PROJECT"
  # From none upwards: the autoscaler starts a machine for the first pod and stops it after the last.
  exists gcloud container node-pools describe models --cluster "$CLUSTER" --zone "$ZONE" --project "$PROJECT" \
    || run gcloud container node-pools create models --cluster "$CLUSTER" --zone "$ZONE" --machine-type "$NODE_SIZE" \
      --spot --node-labels workload=models --node-taints cloud.google.com/gke-spot=true:NoSchedule \
      --num-nodes 0 --enable-autoscaling --min-nodes 0 --max-nodes "$MAX_NODES" --project "$PROJECT"
  run gcloud container clusters get-credentials "$CLUSTER" --zone "$ZONE" --project "$PROJECT"
  run istioctl install -y --set profile=default
  echo "next: write $server into k8s/overlays/gke/kustomization.yaml; docs/clouds/gke.md goes on"
}

delete() {
  # kubectl may point at another cluster by now.
  run gcloud container clusters get-credentials "$CLUSTER" --zone "$ZONE" --project "$PROJECT"
  # First the Services: a load balancer that a deleted cluster leaves behind is paid for.
  run kubectl delete service -n istio-system istio-ingressgateway --ignore-not-found
  run gcloud container clusters delete "$CLUSTER" --zone "$ZONE" --project "$PROJECT" --quiet
  run gcloud artifacts repositories delete "$REPOSITORY" --location "$REGION" --project "$PROJECT" --quiet
}

"$ACTION"
