/**
 * The authority's settings under a configuration that names nothing but a trust domain.
 * @module
 */
import assert from 'node:assert/strict';
import { readConfig } from '../../src/config/read-config.ts';
import type { AuthoritySettings } from '../../src/identity/authority/settings.ts';

const reading = readConfig('trustDomain: cluster.local', '/gatehouse.yaml');
assert.ok(reading.ok);
const { keyStore: _keyStore, upstream: _upstream, keyEncryptionKeyFile: _file, ...settings } = reading.config.authority;

export const defaultSettings: AuthoritySettings = settings;
