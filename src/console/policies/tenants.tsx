/**
 * What is proved of the tenants: alone, or what passes and by which policy.
 * @module
 */
import type { JSX } from 'preact';
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { TenantRow } from '../../admin-api/tenants.ts';
import { aloneText, policyOf } from '../model/tenants.ts';
import { fromNow } from '../model/times.ts';
import { Place } from '../parts/place.tsx';
import { Known, Trouble } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';
import { tell } from '../session/view.ts';

export function Tenants({ planes }: Pick<PoliciesAnswer, 'planes'>): JSX.Element {
  const polled = usePolled('GET /v1/tenants', {}, 10_000).value;
  return (
    <section class="boxed">
      <h2>Tenants</h2>
      <Known polled={polled}>
        {({ state, why, isOlder, tenants }) => {
          if (state === 'off')
            return <p class="note">Nothing is proved of tenants here: the configuration has no admission.prove.</p>;
          if (state === 'waiting') return <p class="loading">The first proof is being made …</p>;
          if (state === 'unknown') return <Trouble text={`Nobody can say whether they are alone: ${why}`} />;
          return (
            <>
              {isOlder && (
                <p class="note">Policies have changed since this was proved: the next proof is being made.</p>
              )}
              <Proofs rows={tenants} planes={planes} />
            </>
          );
        }}
      </Known>
    </section>
  );
}

interface ProofsProps extends Pick<PoliciesAnswer, 'planes'> {
  readonly rows: readonly TenantRow[];
}

const Proofs = ({ rows, planes }: ProofsProps): JSX.Element => (
  <Table
    label="tenants"
    rows={rows}
    keyOf={({ tenant, direction }) => `${tenant} ${direction}`}
    classOf={({ proved, lostSince }) => (proved && lostSince === null ? 'allow' : 'deny')}
    open={({ leak }) => {
      const found = leak?.by && policyOf({ planes }, leak.by);
      if (found) tell({ file: found.file, line: `${found.line}` });
    }}
    columns={[
      { heading: 'Tenant', width: '9rem', text: ({ tenant }) => tenant },
      {
        heading: 'Asked',
        width: '11rem',
        text: ({ direction }) => (direction === 'in' ? 'do others reach it?' : 'does it reach others?'),
      },
      { heading: 'Proved', width: '16rem', text: aloneText },
      { heading: 'What passes', width: '2fr', text: ({ leak }) => leak?.why ?? '' },
      {
        heading: 'By',
        width: '12rem',
        text: ({ leak }) => (leak === null ? '' : (leak.by?.text ?? 'no policy keeps it out')),
        cell: ({ leak }) => {
          const found = leak?.by && policyOf({ planes }, leak.by);
          return found ? (
            <>
              {found.name} <Place file={found.file} line={found.line} />
            </>
          ) : undefined;
        },
      },
      {
        heading: 'Since',
        width: '7rem',
        text: ({ lostSince }) => lostSince ?? '',
        cell: ({ lostSince }) => (lostSince === null ? '' : fromNow(lostSince, serverNowMs())),
      },
    ]}
    empty="The configuration has no tenant."
  />
);
