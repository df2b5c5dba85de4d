/**
 * Pods without a cluster: network namespaces behind a router of their own, real connections between them, nftables in the router.
 * Needs root, `ip` and `nft`.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PodNetwork extends AsyncDisposable {
  /** Replaces all rules of the router by one atomic step. */
  rule(ruleset: string): void;
  /** Connects from one address to others; true where the connection was made. */
  connect(from: string, targets: readonly { readonly address: string; readonly port: number }[]): Promise<boolean[]>;
}

const GATEWAY = '169.254.1.1';

function run(command: string, args: readonly string[], input?: string): void {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
  if (error) throw new Error(`${command} cannot be run: ${error.message}; this suite needs iproute2 and nftables`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}\n${input ?? ''}`);
}

type Ask = (line: string) => Promise<string>;

/** Starts a namespace for each address, in which an agent listens on the ports. */
export async function startPodNetwork(addresses: readonly string[], ports: readonly number[]): Promise<PodNetwork> {
  await using stack = new AsyncDisposableStack();
  const prefix = `gh${process.pid}`;
  const router = `${prefix}-router`;
  const create = (name: string): void => {
    run('ip', ['netns', 'add', name]);
    stack.defer(() => run('ip', ['netns', 'delete', name]));
    run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  };
  create(router);
  run('ip', ['netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  const agents = new Map<string, Ask>();
  for (const [i, address] of addresses.entries()) {
    const pod = `${prefix}-pod${i}`;
    create(pod);
    const host = `pod${i}`;
    run('ip', ['-n', router, 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod]);
    const batch = [
      [router, `addr add ${GATEWAY}/32 dev ${host}\nlink set ${host} up\nroute add ${address}/32 dev ${host}\n`],
      [pod, `addr add ${address}/32 dev eth0\nlink set eth0 up\nroute add default via ${GATEWAY} dev eth0 onlink\n`],
    ] as const;
    for (const [name, lines] of batch) run('ip', ['-n', name, '-batch', '-'], lines);
    agents.set(address, await startAgent(pod, ports, stack));
  }
  const all = stack.move();
  return {
    rule: (ruleset) => run('ip', ['netns', 'exec', router, 'nft', '-f', '-'], `flush ruleset\n${ruleset}`),
    connect: async (from, targets) => JSON.parse(await agents.get(from)!(JSON.stringify(targets))) as boolean[], // the agent's own form
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function startAgent(pod: string, ports: readonly number[], stack: AsyncDisposableStack): Promise<Ask> {
  const program = join(import.meta.dirname, 'pod-agent.ts');
  const args = ['netns', 'exec', pod, process.execPath, program, ...ports.map(String)];
  const agent = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  stack.defer(async () => {
    if (agent.exitCode !== null) return;
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  });
  const waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  createInterface({ input: agent.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  agent.once('exit', (code) => {
    for (const { reject } of waiting) reject(new Error(`the agent of ${pod} ended (${code})`));
  });
  const next = (): Promise<string> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  await next(); // ready
  return (line) => {
    const answer = next();
    agent.stdin.write(`${line}\n`);
    return answer;
  };
}
