#!/bin/sh
# network-config-analyzer 2.1.0 (PyPI) refuses a NetworkPolicy that has an `ingress` section while policyTypes names Egress alone.
# Kubernetes takes it and leaves the section unused (a common way to switch a direction off); the analysis ends with an error and
# says nothing of the other policies either.
# Seen: `Error: A NetworkPolicy with ingress field but no "Ingress" in its policyTypes (policy.yaml, line 4)`
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check network-config-analyzer==2.1.0
cat > cluster.yaml <<'YAML'
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { kubernetes.io/metadata.name: shop } }
---
apiVersion: v1
kind: Pod
metadata: { name: b, namespace: shop, labels: { app: b } }
spec: { containers: [{ name: c, image: i }] }
status: { podIP: 10.0.0.2 }
YAML
cat > policy.yaml <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: egress-only, namespace: shop }
spec: { podSelector: {}, policyTypes: [Egress], ingress: [{ from: [{ podSelector: {} }] }], egress: [{}] }
YAML
venv/bin/nca --connectivity -n cluster.yaml -p cluster.yaml -r policy.yaml > seen 2>&1 || true
grep 'ingress field but no "Ingress" in its policyTypes' seen || { echo 'changed:'; cat seen; exit 1; }
if grep -q 'conn:' seen; then echo 'changed: there is a result beside the error'; exit 1; fi
