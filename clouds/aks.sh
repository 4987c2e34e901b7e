#!/usr/bin/env bash
# AKS with Istio, a registry and a pool of spot machines: clouds/aks.sh create|delete [--dry-run]
# Needs az, logged in, kubectl, skopeo, python3 and an image builder (docker, podman or buildah), and
# REGISTRY: the registry's name, which nobody else in the world may have.
# GROUP, CLUSTER, LOCATION, NODE_SIZE and MAX_NODES choose other names and sizes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments "$@"

GROUP="${GROUP:-modelyard}"
CLUSTER="${CLUSTER:-modelyard}"
LOCATION="${LOCATION:-westeurope}"
NODE_SIZE="${NODE_SIZE:-Standard_D4s_v5}"
MAX_NODES="${MAX_NODES:-3}"
need az

create() {
  local registry="${REGISTRY:?set REGISTRY to the name of the registry, letters and digits}" server
  need kubectl skopeo
  build_images
  run az group create --name "$GROUP" --location "$LOCATION" --output none
  exists az acr show --resource-group "$GROUP" --name "$registry" \
    || run az acr create --resource-group "$GROUP" --name "$registry" --sku Basic --output none
  server="$(run az acr show --name "$registry" --query loginServer --output tsv)"
  : "${server:=LOGIN_SERVER}" # a dry run has none
  # By a token and not by `az acr login` alone: that asks for Docker's daemon.
  login "$server" 00000000-0000-0000-0000-000000000000 \
    az acr login --name "$registry" --expose-token --query accessToken --output tsv
  push_images "$server"
  exists az aks show --resource-group "$GROUP" --name "$CLUSTER" \
    || run az aks create --resource-group "$GROUP" --name "$CLUSTER" --tier free --generate-ssh-keys \
      --node-count 1 --node-vm-size "$NODE_SIZE" --attach-acr "$registry" \
      --network-plugin azure --network-plugin-mode overlay --network-policy cilium --network-dataplane cilium \
      --enable-oidc-issuer --enable-workload-identity --enable-azure-service-mesh --output none
  run az aks mesh enable-ingress-gateway --resource-group "$GROUP" --name "$CLUSTER" \
    --ingress-gateway-type external --output none
  # From none upwards: the autoscaler starts a machine for the first pod and stops it after the last.
  exists az aks nodepool show --resource-group "$GROUP" --cluster-name "$CLUSTER" --name models \
    || run az aks nodepool add --resource-group "$GROUP" --cluster-name "$CLUSTER" --name models \
      --labels workload=models --node-vm-size "$NODE_SIZE" \
      --priority Spot --eviction-policy Delete --spot-max-price -1 \
      --enable-cluster-autoscaler --node-count 0 --min-count 0 --max-count "$MAX_NODES" --output none
  run az aks get-credentials --resource-group "$GROUP" --name "$CLUSTER" --overwrite-existing
  echo "next: write $server into k8s/overlays/aks/kustomization.yaml; docs/clouds/aks.md goes on"
}

delete() {
  # All that create made lies in the group.
  run az group delete --name "$GROUP" --yes
}

"$ACTION"
