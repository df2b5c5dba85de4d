/**
 * The few metrics whose value is a fault by itself.
 * @module
 */
import { request } from 'node:http';
import type { Config } from '../../config/config.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';

const ANSWER_MS = 5_000;
/** A quarter of an hour at the usual rate is seen by alerts; here it is any at all. */
const faults: readonly (readonly [
  metric: RegExp,
  is: (value: number) => boolean,
  outcome: (value: number) => Outcome,
])[] = [
  [
    /^gatehouse_store_up /,
    (up) => up === 0,
    () =>
      bad(
        'store-down',
        'the store is away: nothing is issued',
        'bring it back; see Troubleshooting in docs/operations.md',
      ),
  ],
  [
    /^gatehouse_snapshot_load_errors_total /,
    (count) => count > 0,
    (count) =>
      warning(
        'load-errors',
        `policies failed to load ${count} times since the start`,
        'gatehouse policy check says why',
      ),
  ],
  [
    /^gatehouse_decision_log_dropped_total /,
    (count) => count > 0,
    (count) =>
      warning(
        'log-dropped',
        `${count} decisions were not logged; the counters are whole`,
        'a faster disk for the log, or log.level: warn',
      ),
  ],
  [
    /^gatehouse_bundle_unacknowledged /,
    (count) => count > 0,
    (count) =>
      warning(
        'bundle-unacknowledged',
        `${count} holders have not taken the newest bundle yet`,
        'gatehouse ca status counts them',
      ),
  ],
  [
    /^gatehouse_taint_paused /,
    (paused) => paused > 0,
    () => warning('taint-paused', 'renewals are paused: somebody refuses renewed certificates', 'the log says who'),
  ],
];

/** Asks the health listener. What has TLS wants an SVID, and is left to whoever has one. */
export async function checkMetrics({ listen: { health } }: Config, bound: string): Promise<readonly Outcome[]> {
  if (health.kind === 'tcp' && health.tls)
    return [good('metrics', `${bound} serves metrics over TLS, to whoever shows an SVID`)];
  const text = await page(bound);
  if (text instanceof Error)
    return [bad('metrics-silent', `no metrics from ${bound}: ${text.message}`, 'see Monitoring in docs/operations.md')];
  const lines = text.split('\n');
  const found = faults.flatMap(([metric, is, outcome]) => {
    const values = lines
      .filter((each) => metric.test(each.replace(/\{.*\} /, ' ')))
      .map((each) => Number(each.slice(each.lastIndexOf(' '))));
    const worst = values.find(is);
    return worst === undefined ? [] : [outcome(worst)];
  });
  return [
    good('metrics', `${lines.filter((each) => each.startsWith('gatehouse_')).length} series at ${bound}/metrics`),
    ...found,
  ];
}

/** @param bound  `unix:PATH` or `HOST:PORT` */
function page(bound: string): Promise<string | Error> {
  const where = bound.startsWith('unix:')
    ? { socketPath: bound.slice('unix:'.length) }
    : {
        host: new URL(`http://${bound}`).hostname.replace(/^\[|\]$/g, ''),
        port: new URL(`http://${bound}`).port || 80,
      };
  return new Promise((resolve) => {
    const sent = request({ ...where, path: '/metrics', timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (some: string) => {
        text += some;
      });
      response.once('end', () =>
        resolve(response.statusCode === 200 ? text : new Error(`HTTP ${response.statusCode}`)),
      );
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    sent.once('error', resolve);
    sent.end();
  });
}
