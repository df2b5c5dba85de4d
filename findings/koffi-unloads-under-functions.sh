#!/bin/sh
# koffi 3.3.4 (npm): a library that nobody holds any more is unloaded by the garbage collector, also while functions that were
# found in it by pointer (koffi.decode(pointer, koffi.proto(...)), which is how a C table of functions such as PKCS#11's is used)
# are held. Functions of lib.func() keep it. Whoever calls one of the others later calls into memory that is gone: keep the library.
# Seen: `held by lib.func: mapped; held by a decoded function: unmapped`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund koffi@3.3.4
cat > seen.mjs <<'JS'
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
const isMapped = () => (readFileSync('/proc/self/maps', 'utf8').includes('libcrypt.so') ? 'mapped' : 'unmapped');
const collect = async () => {
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const byName = () => koffi.load('libcrypt.so.1').func('void *crypt(const char *, const char *)');
const byPointer = () => {
  koffi.load('libcrypt.so.1');
  const dlsym = koffi.load(null).func('void *dlsym(void *, const char *)');
  const dlopen = koffi.load(null).func('void *dlopen(const char *, int)');
  const dlclose = koffi.load(null).func('int dlclose(void *)');
  const handle = dlopen('libcrypt.so.1', 1);
  const pointer = dlsym(handle, 'crypt');
  dlclose(handle); // koffi's own handle keeps it
  return koffi.decode(pointer, koffi.proto('void *', ['const char *', 'const char *']));
};
let held = byName();
await collect();
const first = isMapped();
held = undefined;
await collect();
held = byPointer();
await collect();
const second = isMapped();
console.log(`held by lib.func: ${first}; held by a decoded function: ${second}`);
process.exit(typeof held === 'function' && first === 'mapped' && second === 'unmapped' ? 0 : 1);
JS
node --expose-gc seen.mjs || { echo 'changed'; exit 1; }
