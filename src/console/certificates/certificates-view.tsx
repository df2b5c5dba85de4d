/**
 * Whose certificate ends when, who renews late, and what is revoked.
 * @module
 */
import type { JSX } from 'preact';
import { shortId } from '../model/decisions.ts';
import { countText } from '../model/numbers.ts';
import { heldOf, whoHas } from '../model/renewals.ts';
import { fromNow } from '../model/times.ts';
import { Known } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';

export function Certificates(): JSX.Element {
  const ledger = usePolled('GET /v1/ledger', { kind: 'x509', unexpired: 'true', limit: 10_000 }, 5_000).value;
  const nowMs = serverNowMs();
  return (
    <div class="view scroll">
      <section class="boxed">
        <h2>Workloads, the first to expire first</h2>
        <Known polled={ledger}>
          {({ rows, next }) => (
            <>
              {next !== undefined && (
                <p class="note">
                  Only the latest {countText(rows.length)} issuances are looked at: who was given a certificate before
                  them is not here.
                </p>
              )}
              <Table
                label="certificates"
                rows={heldOf(rows, nowMs)}
                keyOf={({ serial }) => serial}
                classOf={({ isLate }) => (isLate ? 'warn' : '')}
                columns={[
                  { heading: 'Workload', width: '1fr', text: ({ spiffeId }) => shortId(spiffeId) },
                  {
                    heading: 'Ends',
                    width: '9rem',
                    text: ({ notAfter }) => notAfter,
                    cell: ({ notAfter }) => fromNow(notAfter, nowMs),
                  },
                  {
                    heading: 'Of its life',
                    width: '9rem',
                    text: ({ used }) => `${Math.round(used * 100)} %`,
                    cell: ({ used }) => (
                      <meter min={0} max={1} high={0.75} optimum={0} value={used} aria-label="share of its life" />
                    ),
                  },
                  { heading: 'Renewal', width: '7rem', text: ({ isLate }) => (isLate ? 'late' : 'in time') },
                  {
                    heading: 'Issued',
                    width: '9rem',
                    text: ({ issuedAt }) => issuedAt,
                    cell: ({ issuedAt }) => fromNow(issuedAt, nowMs),
                  },
                  { heading: 'By', width: '8rem', text: ({ channel }) => channel },
                  { heading: 'Authority', width: '8rem', text: ({ authorityId }) => authorityId.slice(0, 12) },
                  { heading: 'Serial', width: '12rem', text: ({ serial }) => serial },
                ]}
                empty="Nobody holds a certificate from here."
              />
            </>
          )}
        </Known>
      </section>
      <Revoked />
    </div>
  );
}

function Revoked(): JSX.Element {
  const revocations = usePolled('GET /v1/revocations', {}, 5_000).value;
  const status = usePolled('GET /v1/status', {}, 5_000).value;
  const envoys = usePolled('GET /v1/envoys', {}, 10_000).value.answer;
  return (
    <section class="boxed">
      <h2>Revoked</h2>
      <Known polled={revocations}>
        {({ sequence, rows }) => {
          const refusing = (envoys?.envoys ?? []).filter(({ state }) => state !== 'holds');
          return (
            <>
              <Known polled={status}>
                {({ followers = [] }) => {
                  const { text, isWhole } = whoHas(followers, sequence);
                  return (
                    <p role="status" class={isWhole ? 'answer good' : 'answer bad'}>
                      {text}
                      {refusing.length > 0 &&
                        ` ${refusing.length} Envoys do not decide by what they were given: they ask.`}
                    </p>
                  );
                }}
              </Known>
              <Table
                label="revocations"
                rows={rows}
                keyOf={({ kind, value, authorityId }) => `${kind} ${value} ${authorityId}`}
                columns={[
                  {
                    heading: 'When',
                    width: '12rem',
                    text: ({ revokedAt }) => revokedAt,
                    cell: ({ revokedAt }) => fromNow(revokedAt, serverNowMs()),
                  },
                  { heading: 'What', width: '6rem', text: ({ kind }) => kind },
                  { heading: 'Which', width: '1fr', text: ({ value }) => value },
                  {
                    heading: 'Kept until',
                    width: '9rem',
                    text: ({ keptUntil }) => keptUntil,
                    cell: ({ keptUntil }) => fromNow(keptUntil, serverNowMs()),
                  },
                  { heading: 'Reason', width: '1fr', text: ({ reason }) => reason },
                ]}
                empty="Nothing is revoked."
              />
            </>
          );
        }}
      </Known>
    </section>
  );
}
