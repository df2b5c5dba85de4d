#!/bin/sh
# prost-wkt-types 0.7.2 (a crate): a google.protobuf.Duration below zero is read from JSON as another one: "-0.5s" becomes half a second, and "-1.5s" minus half
# a second, without an error. duration.proto: seconds and nanos have the same sign, and the sign of "-0.5s" is that of the whole. Offsets of clocks,
# differences and "so long ago" come out turned round; what protobuf 7.36.2 (PyPI) wrote comes back as something else, and
# pbjson-types 0.9.0 of the same family reads both rightly.
# Seen: `-0.5s: prost-wkt 0 s 500000000 ns, pbjson 0 s -500000000 ns`, `-1.5s: prost-wkt -1 s 500000000 ns, pbjson -1 s -500000000 ns`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check protobuf==7.36.2
cat > write.py <<'PY'
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
for milliseconds in (1500, -500, -1500):
    duration = Duration()
    duration.FromMilliseconds(milliseconds)
    print(MessageToJson(duration).replace('00s', 's'))
PY
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "one"
version = "0.1.0"
edition = "2021"
[dependencies]
pbjson-types = "=0.9.0"
prost-wkt-types = { version = "=0.7.2", default-features = false, features = ["std", "vendored-protox"] }
serde_json = "1"
TOML
cat > src/main.rs <<'RS'
fn main() {
    for line in std::io::stdin().lines() {
        let json = line.unwrap();
        let wkt: prost_wkt_types::Duration = serde_json::from_str(&json).unwrap();
        let pbjson: pbjson_types::Duration = serde_json::from_str(&json).unwrap();
        let text = json.trim_matches('"');
        println!("{text}: prost-wkt {} s {} ns, pbjson {} s {} ns", wkt.seconds, wkt.nanos, pbjson.seconds, pbjson.nanos);
    }
}
RS
cargo build -q 2> log || { tail -5 log; exit 1; }
seen=$(venv/bin/python write.py | target/debug/one)
echo "$seen"
[ "$seen" = "1.5s: prost-wkt 1 s 500000000 ns, pbjson 1 s 500000000 ns
-0.5s: prost-wkt 0 s 500000000 ns, pbjson 0 s -500000000 ns
-1.5s: prost-wkt -1 s 500000000 ns, pbjson -1 s -500000000 ns" ] || { echo 'changed'; exit 1; }
