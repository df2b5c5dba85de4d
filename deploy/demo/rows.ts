/**
 * What the demo shows: one row a claim, in an order in which each can be true.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { gatehouseJson } from '../../test/support/run-gatehouse.ts';
import {
  type Answer,
  ask,
  askWithoutCertificate,
  type LogLine,
  logLine,
  logLines,
  type Question,
  send,
} from './ask.ts';
import type { Application, Mesh } from './mesh.ts';
import { explained, lintFindsIt, mended, platformPolicyArrives } from './planes-act.ts';
import { changeTold, tenantProved } from './proofs-act.ts';

export interface Row {
  readonly request: string;
  readonly expected: string;
  readonly got: string;
  readonly decidedBy: string;
}

type Step = (mesh: Mesh) => Promise<Row>;

const productpageGet: Question = { from: 'productpage', method: 'GET', path: '/details/1' };
const reviewsGet: Question = { from: 'reviews', method: 'GET', path: '/details/1' };
const PRODUCTPAGE = 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage';

/** The steps with the line that is shown while each runs. */
export const steps: readonly { readonly title: string; readonly run: Step }[] = [
  { title: 'a reader reads', run: simple(productpageGet, 'allowed', 'default/details-viewer rule 0: rule_allowed') },
  {
    title: 'a reader writes',
    run: simple({ ...productpageGet, method: 'POST' }, 'refused', 'no rule: no_rule_allowed'),
  },
  { title: 'somebody else reads', run: simple(reviewsGet, 'refused', 'no rule: no_rule_allowed') },
  {
    title: 'a reader reads what is private',
    run: simple(
      { ...productpageGet, path: '/details/private/1' },
      'refused',
      'default/details-private rule 0: rule_denied',
    ),
  },
  { title: 'a caller without a certificate', run: withoutCertificate },
  { title: 'a caller that claims to be productpage', run: forgedHeader },
  { title: 'a policy file is edited', run: policyEdited },
  { title: 'two teams contradict each other', run: platformPolicyArrives },
  { title: 'lint finds it', run: lintFindsIt },
  { title: 'explain shows it', run: explained },
  { title: 'the platform team mends it', run: mended },
  { title: 'what that changed, exactly', run: changeTold },
  { title: 'is the application alone in its namespace?', run: tenantProved },
  { title: 'certificates renew under traffic', run: renewalUnderTraffic },
  { title: 'Gatehouse is killed', run: killed },
  { title: 'Gatehouse is started again', run: restarted },
];

const statusOf = { allowed: '200', refused: '403' } as const;

function simple(question: Question, outcome: keyof typeof statusOf, decidedBy: string): Step {
  return async (mesh) => {
    const answer = await ask(mesh, question);
    return row(`${question.from} ${question.method} ${question.path}`, statusOf[outcome], answer, decidedBy);
  };
}

/** A row is as expected if the status is, and if the policy that decided is the right one. */
function row(request: string, status: string, answer: Answer, decidedBy: string): Row {
  const got = decider(answer.log);
  return {
    request,
    expected: status,
    got: got === decidedBy ? String(answer.status) : `${answer.status}, wanted from ${decidedBy}`,
    decidedBy: got,
  };
}

function decider({ policy, rule, reason, details }: LogLine): string {
  if (!reason) return `Envoy: ${details ?? 'nothing'}`;
  return `${policy ? `${policy} rule ${rule}` : 'no rule'}: ${reason}`;
}

async function withoutCertificate(mesh: Mesh): Promise<Row> {
  const end = await askWithoutCertificate(mesh);
  const { handshake_failure: why = '' } = await logLine(mesh, (line) => line.handshake_failure !== undefined);
  return {
    request: 'no certificate GET /details/1',
    expected: 'refused',
    got: /CERTIFICATE_REQUIRED|HANDSHAKE|ECONNRESET/i.test(end) ? 'refused' : end,
    decidedBy: `mTLS: ${/PEER_DID_NOT_RETURN_A_CERTIFICATE/.exec(why)?.[0].toLowerCase() ?? why}`,
  };
}

async function forgedHeader(mesh: Mesh): Promise<Row> {
  const headers = {
    'x-forwarded-client-cert': `By=spiffe://cluster.local/ns/default/sa/bookinfo-details;URI=${PRODUCTPAGE}`,
  };
  const answer = await ask(mesh, { ...reviewsGet, headers });
  return row(
    'reviews GET with productpage’s name in x-forwarded-client-cert',
    '403',
    answer,
    'no rule: no_rule_allowed',
  );
}

/** The same request before and after an editor's save: a new file renamed over the old one. */
async function policyEdited(mesh: Mesh): Promise<Row> {
  const file = join(mesh.directory, 'policies/details-viewer.yaml');
  const before = await readFile(file, 'utf8');
  await writeFile(
    `${file}~`,
    before.replace('bookinfo-productpage"', 'bookinfo-productpage", "cluster.local/ns/default/sa/bookinfo-reviews"'),
  );
  const first = await send(mesh, reviewsGet, randomUUID());
  await rename(`${file}~`, file);
  const answer = await eventually('the edited policy is in force', async () => {
    const now = await ask(mesh, reviewsGet);
    return now.status === first ? undefined : now;
  });
  const after = row('', '200', answer, 'default/details-viewer rule 0: rule_allowed');
  return {
    ...after,
    request: 'reviews GET, policy edited, no restart',
    expected: '403 → 200',
    got: `${first} → ${after.got}`,
  };
}

/** Asks without a pause until both sides hold a new certificate and the client's has been shown. */
async function renewalUnderTraffic(mesh: Mesh): Promise<Row> {
  const oldServer = await serialHeld(mesh, 'details');
  const oldClient = await serialHeld(mesh, 'productpage');
  const counts = { asked: 0, failed: 0 };
  const ended = new AbortController();
  const traffic = (async () => {
    while (!ended.signal.aborted) {
      counts.asked += 1;
      if ((await send(mesh, productpageGet, randomUUID())) !== 200) counts.failed += 1;
    }
  })();
  const isRenewed = async () => {
    const client = await serialHeld(mesh, 'productpage');
    if (client === oldClient || (await serialHeld(mesh, 'details')) === oldServer) return undefined;
    return (await serialsShown(mesh)).has(client) ? true : undefined;
  };
  try {
    await eventually('both certificates are renewed, and shown', isRenewed, 40_000);
  } finally {
    ended.abort();
    await traffic;
  }
  return {
    request: 'productpage GET, again and again, while both certificates renew',
    expected: '0 failed',
    got: `${counts.failed} failed`,
    decidedBy: `${counts.asked} requests, ${(await serialsShown(mesh)).size} certificates of productpage seen`,
  };
}

/** Serials of productpage's certificates that details' sidecar has seen; lower-case, without leading zeros. */
async function serialsShown(mesh: Mesh): Promise<ReadonlySet<string>> {
  const lines = await logLines(mesh);
  return new Set(
    lines.filter(({ caller }) => caller === PRODUCTPAGE).map(({ caller_serial: serial }) => plainSerial(serial)),
  );
}

const plainSerial = (serial: string | undefined): string => (serial ?? '').toLowerCase().replace(/^0+/, '');

interface Certificates {
  readonly certificates: readonly { readonly cert_chain?: readonly { readonly serial_number: string }[] }[];
}

/** Serial of the certificate that a sidecar holds now. */
async function serialHeld(mesh: Mesh, of: Application): Promise<string> {
  const { certificates } = JSON.parse(await mesh.envoy(of).adminPage('/certs')) as Certificates; // Envoy's own admin answer
  return plainSerial(certificates.flatMap(({ cert_chain: chain = [] }) => chain)[0]?.serial_number);
}

let authorityBefore = '';

async function killed(mesh: Mesh): Promise<Row> {
  authorityBefore = await authorityId(mesh);
  await mesh.gatehouse().stop('SIGKILL');
  const { status, log } = await ask(mesh, productpageGet);
  const stands = log.caller === PRODUCTPAGE;
  return {
    request: 'productpage GET after kill -9 of Gatehouse',
    expected: '503, mTLS stands',
    got: `${status}, ${stands ? 'mTLS stands' : 'no mTLS'}`,
    decidedBy: decider(log),
  };
}

async function restarted(mesh: Mesh): Promise<Row> {
  await mesh.startGatehouse();
  const answer = await eventually('details can be read again', async () => {
    const now = await ask(mesh, productpageGet);
    return now.status === 200 ? now : undefined;
  });
  const same = (await authorityId(mesh)) === authorityBefore;
  return {
    request: 'productpage GET after its restart',
    expected: '200, same authority',
    got: `${answer.status}, ${same ? 'same authority' : 'another authority'}`,
    decidedBy: decider(answer.log),
  };
}

interface CaStatus {
  readonly x509Authorities: readonly { readonly id: string }[];
}

async function authorityId(mesh: Mesh): Promise<string> {
  const status = (await gatehouseJson('ca', 'status', '--config', mesh.configFile)) as CaStatus; // the contract's answer
  return status.x509Authorities.map(({ id }) => id).join();
}
