#!/bin/sh
# kubernetes 37.0.2 (PyPI, the Python client): a time of a Lease (acquireTime, renewTime: MicroTime) that falls on a whole second is written without a
# fraction. Kubernetes reads a MicroTime with exactly six digits of it (apimachinery's RFC3339Micro) and refuses the object, so that a leader that
# cuts its times to seconds (datetime.replace(microsecond=0)) never gets a lease, and one that writes back what it read (acquireTime of another
# holder that ends in .000000Z) cannot take it over; any other microsecond is written rightly.
# Seen: `2026-11-30T12:00:00.000001+00:00 taken`, `2026-11-30T12:00:00+00:00 refused: … cannot parse "+00:00" as ".000000"` by apimachinery 0.37.2.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check kubernetes==37.0.2
cat > write.py <<'PY'
import datetime
from kubernetes import client
for microsecond in [1, 0]:
    at = datetime.datetime(2026, 11, 30, 12, 0, 0, microsecond, datetime.timezone.utc)
    lease = client.V1Lease(spec=client.V1LeaseSpec(holder_identity='a', renew_time=at))
    print(client.ApiClient().sanitize_for_serialization(lease)['spec']['renewTime'])
PY
cat > go.mod <<'MOD'
module one
go 1.26
require k8s.io/apimachinery v0.37.2
MOD
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func main() {
	for _, each := range os.Args[1:] {
		var at metav1.MicroTime
		if err := json.Unmarshal([]byte(`"`+each+`"`), &at); err != nil {
			fmt.Println(each, "refused:", err)
		} else {
			fmt.Println(each, "taken")
		}
	}
}
GO
go mod tidy > log 2>&1 || { cat log; exit 1; }
go run . $(venv/bin/python write.py) > seen
cat seen
grep -qx '2026-11-30T12:00:00.000001+00:00 taken' seen || { echo 'changed: a time with microseconds is refused'; exit 1; }
grep -q '^2026-11-30T12:00:00+00:00 refused: .*cannot parse "+00:00" as ".000000"' seen || { echo 'changed'; exit 1; }
