/**
 * HPACK's static table (RFC 7541 appendix A).
 * @module
 */

const rows = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
connection
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`
  .split('\n')
  .map((line) => /^(\S+) ?(.*)$/.exec(line)!);

/** Names by index; index 0 does not exist. */
export const staticNames: readonly string[] = ['', ...rows.map((row) => row[1]!)];
/** Values by index, empty where the table has only a name. */
export const staticValues: readonly string[] = ['', ...rows.map((row) => row[2]!)];
/** 61: higher indices are the dynamic table's. */
export const STATIC_LENGTH = rows.length;
