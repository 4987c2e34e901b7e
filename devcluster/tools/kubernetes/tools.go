//go:build tools

// Package tools pins Kubernetes, and what can be built of the same libraries: they compile once.
package tools

import (
	_ "github.com/fsouza/fake-gcs-server"
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/versity/versitygw/cmd/versitygw"
	_ "go.etcd.io/etcd/server/v3"
	_ "go.k6.io/k6"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
