#!/bin/sh
# network-config-analyzer 2.1.0 (PyPI) reads every scalar that Python's int() accepts as a number, quoted or not: a label value
# "1" in matchExpressions, which Kubernetes demands to be quoted, is refused as "must be a string". Labels such as tier: "1" or
# version: "2" are common, so such a policy cannot be analysed at all.
# Seen: `Error: label value for "tier" must be a string (policy.yaml, line 7)`; with the value "one" the same policy is analysed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check network-config-analyzer==2.1.0
mkdir one two
for each in one:1 two:one; do
  folder=${each%%:*}
  value=${each##*:}
  cat > "$folder/cluster.yaml" <<YAML
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { kubernetes.io/metadata.name: shop } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { tier: "$value" } }
spec: { containers: [{ name: c, image: i }] }
status: { podIP: 10.0.0.1 }
YAML
  cat > "$folder/policy.yaml" <<YAML
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: by-tier, namespace: shop }
spec:
  policyTypes: [Ingress]
  podSelector:
    matchExpressions: [{ key: tier, operator: In, values: ["$value"] }]
  ingress: [{}]
YAML
  venv/bin/nca --connectivity -n "$folder/cluster.yaml" -p "$folder/cluster.yaml" -r "$folder/policy.yaml" > "$folder/seen" 2>&1 || true
done
grep -h 'must be a string' one/seen || { echo 'changed: the quoted number was taken'; cat one/seen; exit 1; }
grep -q 'must be a string' two/seen && { echo 'changed: words are refused too'; exit 1; }
grep -q 'All connections' two/seen || { echo 'changed: no result for the word'; cat two/seen; exit 1; }
echo 'the same policy with a value that is no number was analysed'
