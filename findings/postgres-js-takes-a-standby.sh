#!/bin/sh
# postgres 3.4.9 (npm): with several hosts and `target_session_attrs: 'read-write'`, documented to "ensure only connecting to
# primary", a hot standby that is listed first is taken: the driver looks at default_transaction_read_only alone, which is off on
# a standby, and not at in_hot_standby (which PostgreSQL 14 and newer report at connecting). libpq refuses the same standby.
# Seen: `read-write took a server with pg_is_in_recovery = true`, and the insert fails with 25006.
# Needs PostgreSQL 14 or newer (Debian: postgresql) and, for root, its user `postgres`.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
dir=$(mktemp -d)
as=''
if [ "$(id -u)" = 0 ]; then as='runuser -u postgres --'; chown postgres "$dir"; fi
stop() {
  for each in standby primary; do $as "$bin/pg_ctl" -D "$dir/$each" -m immediate stop > /dev/null 2>&1 || true; done
  rm -rf "$dir"
}
trap stop EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund postgres@3.4.9
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
one=$(port)
two=$(port)
$as "$bin/initdb" -A trust -U postgres -D "$dir/primary" > /dev/null
$as "$bin/pg_ctl" -w -D "$dir/primary" -o "-p $one -k $dir -c listen_addresses=127.0.0.1" -l "$dir/primary.log" start > /dev/null
$as "$bin/pg_basebackup" -h 127.0.0.1 -p "$one" -U postgres -D "$dir/standby" -R
$as "$bin/pg_ctl" -w -D "$dir/standby" -o "-p $two -k $dir -c listen_addresses=127.0.0.1" -l "$dir/standby.log" start > /dev/null
cat > seen.mjs <<'JS'
import postgres from 'postgres';
const [standby, primary] = process.argv.slice(2).map(Number);
const sql = postgres({
  host: ['127.0.0.1', '127.0.0.1'], port: [standby, primary], user: 'postgres', database: 'postgres',
  target_session_attrs: 'read-write', max: 1, onnotice() {},
});
const [row] = await sql`select pg_is_in_recovery() as standby`;
const code = await sql`create table t (i int)`.then(() => 'done', (error) => error.code);
console.log(`read-write took a server with pg_is_in_recovery = ${row.standby}; create table: ${code}`);
process.exit(row.standby && code === '25006' ? 0 : 1);
JS
node seen.mjs "$two" "$one" || { echo 'changed'; exit 1; }
"$bin/psql" "host=127.0.0.1,127.0.0.1 port=$two,$one user=postgres dbname=postgres target_session_attrs=read-write" -Atc "select 'libpq took a server with pg_is_in_recovery = ' || pg_is_in_recovery()"
