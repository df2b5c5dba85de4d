import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../../src/errors.ts';
import { kubeconfigAccess } from '../../../../src/platform/kubernetes/kubeconfig.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';

function write(dir: TempDir, cluster: object, user: object, rest: object = {}): string {
  const file = dir.at('config');
  const all = {
    'current-context': 'here',
    contexts: [{ name: 'there' }, { name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    ...rest,
  };
  writeFileSync(file, JSON.stringify(all));
  return file;
}

describe('kubeconfigAccess', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    for (const [name, text] of Object.entries({
      ca: `${PEM}ca`,
      crt: `${PEM}crt`,
      key: `${PEM}key`,
      token: 'from-file\n',
    }))
      writeFileSync(dir.at(name), text);
  });
  after(() => dir[Symbol.asyncDispose]());

  for (const { name, cluster = {}, user = {}, want } of [
    { name: 'a token', user: { token: 't' }, want: { token: 't' } },
    { name: 'a token file, which wins', user: { token: 't', tokenFile: 'token' }, want: { token: 'from-file' } },
    {
      name: 'files beside the kubeconfig',
      cluster: { 'certificate-authority': 'ca', 'tls-server-name': 'kubernetes' },
      user: { 'client-certificate': 'crt', 'client-key': 'key' },
      want: { ca: `${PEM}ca`, cert: `${PEM}crt`, key: `${PEM}key`, servername: 'kubernetes', token: undefined },
    },
    {
      name: 'data, which wins over files',
      cluster: { 'certificate-authority': 'missing', 'certificate-authority-data': base64(`${PEM}d`) },
      user: { 'client-certificate-data': base64(PEM), 'client-key-data': base64(`${PEM}k`) },
      want: { ca: `${PEM}d`, cert: PEM, key: `${PEM}k`, token: undefined },
    },
  ])
    it(`reads ${name}`, async () => {
      const access = kubeconfigAccess(write(dir, cluster, user));
      assert.equal(access.server, 'https://api.example:6443');
      const { tls, token } = await access.credentials();
      const blank = { ca: undefined, cert: undefined, key: undefined, servername: undefined };
      assert.deepEqual({ ...tls, token }, { ...blank, ...want });
    });

  for (const { name, cluster = {}, user = {}, rest = {}, want } of [
    { name: 'no current context', rest: { 'current-context': '' }, want: /current-context is not set/ },
    { name: 'a context that is not there', rest: { 'current-context': 'x' }, want: /contexts has no "x"/ },
    { name: 'a user that is not there', rest: { users: null }, want: /users has no "u"/ },
    { name: 'no server', cluster: { server: '' }, want: /cluster\.server "" is no URL/ },
    { name: 'plain http', cluster: { server: 'http://10.0.0.1' }, want: /must begin with https/ },
    {
      name: 'no verification',
      cluster: { 'insecure-skip-tls-verify': true },
      want: /insecure-skip-tls-verify is refused/,
    },
    { name: 'a proxy', cluster: { 'proxy-url': 'http://p' }, want: /proxy-url is not supported/ },
    { name: 'a password', user: { username: 'me', password: 'x' }, want: /user\.username is not supported/ },
    {
      name: 'an auth provider',
      user: { 'auth-provider': { name: 'gcp' } },
      want: /user\.auth-provider is not supported/,
    },
    { name: 'impersonation', user: { token: 't', as: 'root' }, want: /user\.as is not supported/ },
    { name: 'a certificate without a key', user: { 'client-certificate': 'crt' }, want: /needs both/ },
    { name: 'data that is none', user: { 'client-key-data': 'AAAA' }, want: /client-key-data holds no PEM/ },
    { name: 'a token that is a number', user: { token: 7 }, want: /user\.token must be a text/ },
    {
      name: 'exec of another version',
      user: { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } },
      want: /must be client/,
    },
    {
      name: 'exec that asks somebody',
      user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'x', interactiveMode: 'Always' } },
      want: /nobody is here/,
    },
  ])
    it(`refuses ${name}`, () => {
      const isWanted = (thrown: unknown) =>
        thrown instanceof GatehouseError && thrown.code === 'config_invalid' && want.test(thrown.message);
      assert.throws(() => kubeconfigAccess(write(dir, cluster, user, rest)), isWanted);
    });

  it('refuses what is no kubeconfig at all', () => {
    assert.throws(() => kubeconfigAccess(dir.at('nothing')), /cannot be read/);
    writeFileSync(dir.at('list'), '- a\n');
    assert.throws(() => kubeconfigAccess(dir.at('list')), /it is no map/);
  });
});
