//go:build tools

// Package tools names what the project checks its manifests with.
package tools

import (
	_ "github.com/zegl/kube-score/cmd/kube-score"
)
