//go:build tools

// Package judge pins the API server that the tests start; it is built by its path.
package judge

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
