/**
 * What random documents and requests speak of: few words, so that they meet.
 * @module
 */
import type { Chance } from '../../reference/calico-random.ts';

/** A JSON document. */
export type Fields = Readonly<Record<string, unknown>>;

export const namespaces = ['shop', 'bank', 'ops'];
export const accounts = ['default', 'web', 'api'];
export const values = ['x', 'y', 'xy'];
export const keys = ['app', 'tier', 'team'];

/** Of requests. */
export const words = {
  methods: ['GET', 'POST', 'PUT'],
  paths: ['/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/x/y/z'],
  hosts: ['a.com', 'b.a.com', 'A.com', 'a.com:80'],
  lines: ['', 'x', 'xy', 'y', 'xyx'],
  ports: [80, 8080, 53, 443, 9000],
  issuers: ['https://one', 'https://two'],
  audiences: ['aud', 'https://api/'],
  addresses: ['10.0.0.1', '10.0.0.2', '10.0.1.1', '198.18.0.9', '192.0.2.7', 'fd00::1', '2001:db8::1'],
};

/** Labels as pods, namespaces and network sets bear them. */
export function labels(chance: Chance): Record<string, string> {
  return Object.fromEntries(keys.filter(() => chance.odds(0.6)).map((key) => [key, chance.of(values)]));
}
