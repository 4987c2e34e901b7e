//go:build tools

// Package tools pins istiod and its sidecars, and with it the Gateway API whose CRDs it serves.
package tools

import (
	_ "istio.io/istio/cni/cmd/istio-cni"
	_ "istio.io/istio/pilot/cmd/pilot-agent"
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
