//go:build tools

// Package crds pins the modules whose CustomResourceDefinitions the tests apply.
package crds

import (
	_ "istio.io/api/security/v1"
	_ "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)
