#!/bin/sh
# network-config-analyzer 2.1.0 (PyPI) refuses Istio AuthorizationPolicies whose `hosts` hold a port or whose `paths` are templates
# (`{*}`, `{**}`), both of which Istio documents: "Illegal characters in hosts/paths". Hosts need the port wherever a client
# sends it, so just the careful policies cannot be analysed.
# Seen: `Error: Illegal characters in hosts shop.example:8080 …` and `Error: Illegal characters in paths /items/{*}/price …`
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
for operation in 'hosts: ["shop.example", "shop.example:8080"]' 'paths: ["/items/{*}/price"]'; do
  cat > policy.yaml <<YAML
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: shop }
spec: { rules: [{ to: [{ operation: { $operation } }] }] }
YAML
  venv/bin/nca --connectivity -n cluster.yaml -p cluster.yaml -r policy.yaml > seen 2>&1 || true
  grep 'Illegal characters in' seen || { echo "changed for $operation:"; cat seen; exit 1; }
done
