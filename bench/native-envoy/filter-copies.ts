/**
 * Copies of one RBAC filter, which an Envoy reads by ECDS from files: as a tree is delivered, not as JSON.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { any, bytesField, toBytes } from '../../src/policy/compile-envoy/tree/proto-bytes.ts';
import { cache } from '../lib/paths.ts';

const RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const EXTENSION = 'envoy.config.core.v3.TypedExtensionConfig';
const folder = join(cache, 'delivered');

/** So many filters, one after the other. `config`: `envoy.extensions.filters.http.rbac.v3.RBAC`, serialized */
export function filterCopies(name: string, config: Uint8Array, copies: number): readonly object[] {
  mkdirSync(folder, { recursive: true });
  const typed = any(RBAC, Buffer.from(config).toString('latin1'));
  return Array.from({ length: copies }, (_, i) => {
    const copy = `${name}-${i}`;
    const resource = any(EXTENSION, bytesField(1, copy) + bytesField(2, typed));
    const response = bytesField(1, '1') + bytesField(2, resource) + bytesField(4, `type.googleapis.com/${EXTENSION}`);
    const path = join(folder, `${copy}.pb`);
    writeFileSync(path, toBytes(response));
    return {
      name: copy,
      config_discovery: {
        config_source: { path_config_source: { path }, resource_api_version: 'V3' },
        type_urls: [`type.googleapis.com/${RBAC}`],
      },
    };
  });
}

/** Ordinary rules as the filter's configuration. */
export const ordinaryFilter = (rules: Uint8Array): Uint8Array =>
  toBytes(bytesField(1, Buffer.from(rules).toString('latin1')));
