import assert from 'node:assert/strict';
import { parseSelector } from '../../../src/spiffe/selector.ts';

const good = [
  'unix:uid:0',
  'unix:uid:4294967295',
  'unix:gid:1001',
  'unix:user:www-data',
  'unix:supplementary_gid:7',
  'unix:path:/usr/bin/a:b c',
  `unix:sha256:${'0a'.repeat(32)}`,
  'socket:/run/details.sock',
  'k8s:ns:default',
  'k8s:sa:details.v1',
  'k8s:pod-uid:0a1b2c3d-1111-4222-8333-0123456789ab',
  'k8s:pod-label:app.kubernetes.io/name:Details_1',
  'k8s:pod-label:canary:',
  'k8s:container-name:istio-proxy',
];
const bad = [
  { text: 'unix:uid:1x', why: /no number/ },
  { text: 'unix:uid:007', why: /no number/ },
  { text: 'unix:uid:4294967296', why: /no number/ },
  { text: 'unix:uid', why: /kind is none of/ },
  { text: 'unix:uuid:1', why: /kind is none of unix:uid/ },
  { text: 'unix:user:', why: /no name/ },
  { text: 'unix:path:bin/sh', why: /no absolute path/ },
  { text: `unix:sha256:${'0A'.repeat(32)}`, why: /no SHA-256/ },
  { text: 'k8s:node:default', why: /kind is none of/ },
  { text: 'k8s:ns:Default', why: /no name/ },
  { text: 'k8s:ns:a.b', why: /no name/ },
  { text: 'k8s:sa:', why: /no name/ },
  { text: 'k8s:pod-uid:0a1b2c3d111142228333_0123456789ab', why: /no UID/ },
  { text: 'k8s:pod-label:app', why: /KEY:VALUE/ },
  { text: 'k8s:pod-label:app:a:b', why: /KEY:VALUE/ },
  { text: 'k8s:pod-label:App.io/:x', why: /KEY:VALUE/ },
  { text: 'k8s:container-name:a.b', why: /no name/ },
  { text: '__proto__:x:y', why: /kind is none of/ },
  { text: 'constructor', why: /kind is none of/ },
  { text: '', why: /kind is none of/ },
];

describe('parseSelector', () => {
  for (const text of good) it(`takes ${text}`, () => assert.equal(parseSelector(text), text));
  for (const { text, why } of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSelector(text), { code: 'config_invalid', message: why });
    });
  }
});
