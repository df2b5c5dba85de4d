/**
 * Proxies that ask by HTTP: whether anybody else can, and whether they say what policies read.
 * @module
 */
import type { DecisionRow } from '../../../admin-api/decisions.ts';
import type { Config } from '../../../config/config.ts';
import type { ListenerConfig } from '../../../config/listeners/listen-config.ts';
import { type DoctorFinding, finding } from '../finding.ts';

const WHERE = 'listen.httpAuth';
/** Others may connect to a socket with this bit of its mode. */
const OTHERS_MAY_WRITE = 0o002;

type Row = Pick<DecisionRow, 'asker' | 'destination' | 'policy'>;

/** By the configuration, and by what was asked lately. */
export function examineHttpCallers(config: Config, decisions: readonly Row[]): readonly DoctorFinding[] {
  const { httpAuth } = config.listen;
  if (httpAuth === undefined) return [];
  return [...examineListener(httpAuth), ...examineSpelling(config), ...examineQuestions(decisions)];
}

/** Whoever gets an answer may ask about any workload; a configuration with a plain address that is not loopback is refused. */
function examineListener(listener: ListenerConfig): readonly DoctorFinding[] {
  if (listener.kind === 'tcp' || (listener.mode & OTHERS_MAY_WRITE) === 0) return [];
  const message = `every user of this machine may ask on ${listener.path}, about any workload`;
  return [finding('fail-open', 'http_auth_open', WHERE, message, `httpAuth: { path: ${listener.path}, mode: '0660' }`)];
}

function examineSpelling({ extAuthz }: Config): readonly DoctorFinding[] {
  if (extAuthz.httpAmbiguousRequests === 'deny') return [];
  const message = 'what stands behind these proxies may get another spelling of a path than was asked about';
  return [
    finding(
      'inexact',
      'http_auth_ambiguous',
      'extAuthz.httpAmbiguousRequests',
      message,
      'extAuthz: { httpAmbiguousRequests: deny }',
    ),
  ];
}

/** Each thing that is wrong with the questions of one proxy before one workload, once. */
function examineQuestions(decisions: readonly Row[]): readonly DoctorFinding[] {
  const told = new Map<string, DoctorFinding>();
  for (const { asker, destination, policy } of decisions) {
    const wrong = asker?.malformed ?? asker?.lacks;
    if (asker === undefined || wrong === undefined) continue;
    const before = destination?.spiffeId ?? 'no workload that is known';
    const key = JSON.stringify([asker.proxy, before, wrong]);
    if (told.has(key)) continue;
    const where = `${WHERE}: ${asker.proxy} before ${before}`;
    const print = `gatehouse proxy config ${asker.proxy} --workload NAMESPACE/SERVICEACCOUNT`;
    told.set(
      key,
      asker.malformed === undefined
        ? finding(
            'inexact',
            'http_auth_unsaid',
            where,
            `policy ${policy ?? ''} reads what is not said, so all are denied: ${wrong}`,
            print,
          )
        : finding('inexact', 'http_auth_malformed', where, `what it asks is denied: ${wrong}`, print),
    );
  }
  return [...told.values()];
}
