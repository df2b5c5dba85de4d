/**
 * Two trust domains that federate: a Gatehouse of each, and Envoys that know both bundles.
 * @module
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type CommandEnd, commandLineOf } from '../support/command-of.ts';
import { type EchoApp, startHttpEcho } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { type RunningEnvoy, runEnvoy } from '../support/run-envoy.ts';
import { type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { sidecarBootstrap } from '../support/sidecar-bootstrap.ts';

/** One of them. */
export interface Side {
  /** Its trust domain. */
  readonly name: string;
  readonly at: (path: string) => string;
  readonly server: RunningGatehouse;
  readonly command: (...words: readonly string[]) => Promise<CommandEnd>;
}

interface Place {
  readonly name: string;
  /** Of its bundle endpoint. */
  readonly port: number;
}

/** Its output. @throws AssertionError unless it ends well */
export async function done(end: Promise<CommandEnd>): Promise<string> {
  const { code, out, err } = await end;
  assert.equal(code, 0, out + err);
  return out.trim();
}

/** Gives one side the other's first bundle. */
export async function introduce(side: Side, { name, command }: Side): Promise<void> {
  const file = side.at('first.json');
  writeFileSync(file, await done(command('bundle', 'show', '--trust-domain', name, '--format', 'spiffe')));
  await done(side.command('bundle', 'set', name, file, '--reason', 'first'));
}

/** A server of one trust domain; its workloads `caller` and `callee` know the other's. */
async function open(stack: AsyncDisposableStack, own: Place, other: Place, callers: readonly string[]): Promise<Side> {
  const endpoint = {
    url: `https://localhost:${other.port}/`,
    ...{ profile: 'https_spiffe', endpointSpiffeId: `spiffe://${other.name}/gatehouse/authority` },
  };
  const workload = (name: string) => ({
    ...{ namespace: 'default', serviceAccount: name, labels: { app: name } },
    ...{ socket: { path: `./run/${name}.sock` }, federatesWith: [other.name] },
  });
  const me = `unix:uid:${process.geteuid?.() ?? -1}`;
  const dir = stack.use(
    await gatehouseDir({
      trustDomain: own.name,
      authority: { refreshHint: '1s' },
      extAuthz: { verifyPeer: 'enforce' },
      tls: { dnsNames: ['localhost'] },
      listen: { ...usualListeners, bundle: `127.0.0.1:${own.port}` },
      federation: { trustDomains: { [other.name]: endpoint } },
      entries: [{ spiffeId: `spiffe://${own.name}/ns/default/sa/tool`, federatesWith: [other.name], selectors: [me] }],
      workloads: ['caller', 'callee'].map(workload),
    }),
  );
  await dir.policy(
    'details',
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: default }
spec: { action: ALLOW, rules: [{ from: [{ source: { principals: [${callers.join(', ')}] } }] }] }
`,
  );
  const server = stack.use(await runGatehouse(dir.config));
  return { name: own.name, at: dir.at, server, command: commandLineOf(dir.config) };
}

/** Starts both; over there `default/sa/caller` of here is let in, and of there. */
export async function twoTrustDomains(
  stack: AsyncDisposableStack,
): Promise<{ readonly here: Side; readonly there: Side }> {
  const [near, far] = [
    { name: 'near.example', port: await freePort() },
    { name: 'other.example', port: await freePort() },
  ];
  const callers = [near, far].map(({ name }) => `${name}/ns/default/sa/caller`);
  const here = await open(stack, near, far, ['near.example/ns/default/sa/nobody']);
  const there = await open(stack, far, near, callers);
  await introduce(here, there);
  await introduce(there, here);
  return { here, there };
}

/** An Envoy of a workload, that verifies by the secret `ALL`. */
export async function envoyOf(
  stack: AsyncDisposableStack,
  { name, at, server }: Side,
  account: 'caller' | 'callee',
  ...flags: readonly string[]
): Promise<RunningEnvoy> {
  const bootstrap = await sidecarBootstrap(
    ...['--workload', `default/${account}`, '--trust-domain', name, '--admin', '127.0.0.1:0', '--federated'],
    ...['--sds', `unix:${at(`run/${account}.sock`)}`, '--ext-authz', server.ready.extAuthz],
    ...['--access-log', at(`${account}.log`), ...flags],
  );
  const options = { bootstrap, directory: at('.'), name: `${name}-${account}`, timeoutMs: 120_000 };
  return stack.use(await runEnvoy(options));
}

/** An application of `callee`, over there, behind its Envoy; answers the path of its socket. */
export async function callee(stack: AsyncDisposableStack, there: Side): Promise<string> {
  const app: EchoApp = stack.use(await startHttpEcho());
  const socket = there.at('callee.in');
  await envoyOf(stack, there, 'callee', '--listen', `unix:${socket}`, '--upstream', `127.0.0.1:${app.port}`);
  return socket;
}

/** An Envoy of `caller` that calls that socket, and the URL for its application. */
export async function callerOf(
  stack: AsyncDisposableStack,
  side: Side,
  socket: string,
): Promise<{ readonly envoy: RunningEnvoy; readonly url: string }> {
  const outbound = `127.0.0.1:0=unix:${socket}=spiffe://other.example/ns/default/sa/callee`;
  const envoy = await envoyOf(stack, side, 'caller', '--outbound', outbound);
  return { envoy, url: `http://127.0.0.1:${await envoy.port('outbound_0')}/` };
}

/** Activates what is prepared; who fetched once and has left is not waited for. */
async function activates({ command }: Side): Promise<boolean> {
  const { code, out } = await command('ca', 'activate', '--output', 'json');
  if (code === 0) return true;
  const { blockers } = JSON.parse(out) as { blockers: { protocol: string }[] };
  if (blockers.some(({ protocol }) => protocol !== 'workload-api')) return false;
  return (await command('ca', 'activate', '--override', '--reason', 'fetched once')).code === 0;
}

/** Goes on to the next authority of a server, and has everything that the one before signed renewed. */
export async function moveOn(side: Side): Promise<void> {
  const { command } = side;
  await done(command('ca', 'prepare'));
  await eventually('the gate of activate opens', async () => (await activates(side)) || undefined);
  await done(command('ca', 'taint', '--override', '--reason', 'renew all'));
  await eventually('all hold what the new authority has signed', async () => {
    const { x509Authorities } = JSON.parse((await command('ca', 'status', '--output', 'json')).out) as {
      x509Authorities: { slot: string; unexpiredSvids: number }[];
    };
    return x509Authorities.some(({ slot, unexpiredSvids }) => slot === 'active' && unexpiredSvids > 0) || undefined;
  });
}
