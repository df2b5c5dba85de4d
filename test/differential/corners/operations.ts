/**
 * Paths, methods, hosts and ports.
 * @module
 */
import type { Case, Request } from '../case.ts';
import { bothWays, operation, plain, when } from './corner.ts';

// biome-ignore format: a table
const pathPatterns = [
  '*', '/', '/*', '*/', '/admin', '/admin*', '/admin/*', '*admin', '*/admin', '*dmin*', '/a*n', '**', '*.*', '/admin?', '/admin?x=1', '/admin#f', '/admin/',
  '//admin', '/%61dmin', '/admin%2Fusers', '/admin%2fusers', '/a%5Cb', '/ADMIN', '/admin;x=1', '/admin/..;/x', 'admin', '.*', '/admin/{name}x', '/caf\u00e9', '/caf%C3%A9', '/a b',
  '/a%20b', '/[x]', '/a|b', '/a"b', '/a\\b', '/a^b', '/~x', '/%7Ex', '/{*}', '/{**}', '/{*}/', '/{**}/', '/admin/{*}', '/admin/{**}', '/{*}/users', '/{**}/users', '/admin/{*}/{**}',
  '/a/{*}/b/{*}/c', '/{**}/b', '/a.b', '/a.b/{*}', '/a+b', '/a$b/{*}', '/a(b)/{*}', '/%7Bx%7D', '/*/users', '/@:x,y/{**}', '/admin/{*}/x*', '*:80', '/index.html',
];

// biome-ignore format: a table
const paths = [
  '/', '/admin', '/admin/', '//admin', '/admin//', '///', '/Admin', '/ADMIN', '/admin?x=1', '/admin?', '/admin#f', '/admin#', '/admin?x#f', '/admin#f?x', '/?', '/#', '/%61dmin', '/%41DMIN', '/admin%2fusers',
  '/admin%2Fusers', '/admin/users', '/admin/users/', '/admin//users', '/admin/./users', '/admin/../users', '/x/../admin', '/x/%2e%2e/admin', '/x/%2E%2E/admin', '/x/.%2e/admin', '/..;/admin', '/x/..;/admin', '/x/..;x=1/admin',
  '/admin;x=1', '/admin;x=1/users', '/admin/..;x', '/admin/..;x/y', '/;/admin', '/admin/.;/users', '/a%5Cb', '/a%5cb', '/a\\b', '/\\admin', '/admin\\..\\x', '/x/..\\admin', '/..\\..\\admin', '/../admin', '/../../..', '/.', '/..', '/...', '/.admin', '/admin.',
  '/admin/%00', '/admin%00', '/admin%0a', '/admin%', '/admin%zz', '/admin%2', '/%25%36%31dmin', '/%2561dmin', '/caf\xc3\xa9', '/caf%C3%A9', '/caf%c3%a9', '/\xff', '/\x80/users', '/a%20b', '/[x]', '/a|b', '/a"b', '/a<b>', '/a^b', '/a`b',
  '/~x', '/%7Ex', '/%7ex', '/{x}', '/%7Bx%7D', '/{*}', '/*', '/a*b', '/*/users', '/a.b', '/aXb', '/a+b', '/a$b/c', '/a(b)/c', '/@:x,y/z', '/a/1/b/2/c', '/a//b//c', '/a/1/b/2/c/', '/x/y/users', '/users', '//users', '/x/users', '/b', '/x/b', '/x/y/b', '/index.html',
  'http://example.com/admin', 'http://example.com', 'http://example.com?x', 'http://example.com/x/../admin', 'https://other.example/admin?x', '*', '', 'admin', '?x=1', '#f', '/admin\t', `/${'a'.repeat(8000)}`, `/admin/${'b/'.repeat(4000)}`, `/admin?${'q'.repeat(8000)}`,
];

const sent = (path: string): Request[] => [{ path }, { path, h2: true }];

// biome-ignore format: a table
const methodPatterns = ['GET', 'get', 'Get', '*', 'G*', '*T', '*E*', 'POST', 'FOO', 'CONNECT', 'OPTIONS', 'M-SEARCH', 'GE T', 'P*T', '**'];
// biome-ignore format: a table
const methods = ['GET', 'get', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'CONNECT', 'FOO', 'foo', 'M-SEARCH', 'GETX', 'G', 'T', 'PROPFIND', 'PRI'];

// biome-ignore format: a table
const hostPatterns = [
  '*', 'example.com', 'EXAMPLE.com', 'example.com:8080', 'example.com:*', '*.example.com', '*.example.com:*', '*example.com', 'example.*', 'exam*', '*:8080', '*:80*', 'Example.Com:8080', '[::1]', '[::1]:8080', '[fd00:*', '10.64.0.1', '10.64.*',
  'example.com.', 'xn--caf-dma.example', 'caf\u00e9.example', 'CAF\u00c9.example', '.*', '*.com', 'a.b.example.com', '*.b.example.com', '*EXAMPLE.COM', 'ex*le.com', '.example.com', '*.',
];
// biome-ignore format: a table
const hosts = [
  'example.com', 'Example.com', 'EXAMPLE.COM', 'example.com:8080', 'EXAMPLE.com:8080', 'example.com:80', 'example.com:443', 'example.com:', 'example.com:0', 'example.com:99999', 'example.com:x', 'example.com.', 'example.com.:8080', 'a.example.com', 'A.B.Example.com', 'a.example.com:8080',
  'xexample.com', '[::1]', '[::1]:8080', '[FD00:1::7]:80', '[fd00:1::7]', '10.64.0.1', '10.64.0.1:8080', 'user@example.com', 'user:pw@example.com', 'example.com/x', 'example.com?x', 'example.com#f', 'example.com,other.com', 'xn--caf-dma.example', 'caf\xc3\xa9.example', 'CAF\xc3\x89.example', '\xff.example', '', ' ', '*', 'com', '.example.com', '_x.example.com', `${'a'.repeat(3000)}.example.com`,
];

/** Every pattern of every field against every awkward request. */
// biome-ignore format: a table
export const operationCorners: readonly Case[] = [
  ...pathPatterns.flatMap((path, i) => [
    ...bothWays(`path-${i}`, operation({ paths: [path] }), paths.flatMap(sent)),
    ...bothWays(`not-path-${i}`, operation({ notPaths: [path] }), paths.map((each) => ({ path: each }))),
  ]),
  ...pathPatterns
    .filter((path) => !path.includes('{'))
    .flatMap((path, i) => bothWays(`header-path-${i}`, when('request.headers[:path]', [path]), paths.map((each) => ({ path: each })))),
  ...methodPatterns.flatMap((method, i) => [
    ...bothWays(`method-${i}`, operation({ methods: [method] }), methods.flatMap((each) => [{ method: each }, { method: each, h2: true }])),
    ...bothWays(`not-method-${i}`, operation({ notMethods: [method] }), methods.map((each) => ({ method: each, h2: true }))),
    ...bothWays(`header-method-${i}`, when('request.headers[:method]', [method]), methods.map((each) => ({ method: each, h2: true }))),
  ]),
  ...hostPatterns.flatMap((host, i) => [
    ...bothWays(`host-${i}`, operation({ hosts: [host] }), hosts.flatMap((each) => [{ host: each }, { host: each, h2: true }])),
    ...bothWays(`not-host-${i}`, operation({ notHosts: [host] }), hosts.map((each) => ({ host: each, h2: true }))),
    ...bothWays(`header-host-${i}`, when('request.headers[Host]', [host]), hosts.map((each) => ({ host: each, h2: true }))),
    ...bothWays(`header-authority-${i}`, when('request.headers[:authority]', [host], ['example.com']), hosts.map((each) => ({ host: each }))),
  ]),
  ...['80', '8080', '08080', '9090', '0', '65535', '00000000080'].flatMap((port, i) =>
    ['80', '8080', '9090'].flatMap((to) => [
      ...bothWays(`port-${i}-${to}`, operation({ ports: [port] }), [{ port: to }, { port: to, h2: true, identity: plain }]),
      ...bothWays(`not-port-${i}-${to}`, when('destination.port', [port, '3306'], ['9090']), [{ port: to }]),
    ]),
  ),
];
