/**
 * What an edited policy would change.
 * @module
 */
import type { JSX } from 'preact';
import type { ShownDifference, WhatIfAnswer } from '../model/what-if.ts';
import { Table } from '../parts/table.tsx';
import { tell } from '../session/view.ts';

export function OutcomeShown({ outcome: { difference, replayed } }: { readonly outcome: WhatIfAnswer }): JSX.Element {
  const others = replayed.filter(({ same }) => !same);
  return (
    <>
      <h3>All requests</h3>
      {'unknown' in difference ? (
        <p class="note">Nobody can say: {difference.unknown}</p>
      ) : (
        <Difference told={difference.known} />
      )}
      <h3>The latest decisions, decided again</h3>
      <p class={others.length === 0 ? 'answer good' : 'answer bad'}>
        {replayed.length - others.length} of {replayed.length} are the same.
      </p>
      {others.length > 0 && (
        <Table
          label="decided otherwise"
          rows={others}
          keyOf={({ name }) => name}
          choose={({ name }) => tell({ id: name })}
          columns={[
            { heading: 'Decision', width: '18rem', text: ({ name }) => name },
            {
              heading: 'What differs',
              width: '1fr',
              text: ({ differences }) => differences.map(({ of, want, got }) => `${of}: ${want} → ${got}`).join('; '),
            },
          ]}
          empty=""
        />
      )}
    </>
  );
}

function Difference({ told }: { readonly told: ShownDifference }): JSX.Element {
  const rows = [
    ...told.added.map((each) => ({ what: 'newly allowed', ...each })),
    ...told.removed.map((each) => ({ what: 'newly denied', ...each })),
  ];
  if (told.equal) return <p class="answer good">No request would be decided otherwise.</p>;
  return (
    <Table
      label="difference"
      rows={rows}
      keyOf={(row) => `${row.what} ${rows.indexOf(row)}`}
      classOf={({ what }) => (what === 'newly allowed' ? 'allow' : 'deny')}
      columns={[
        { heading: '', width: '8rem', text: ({ what }) => what },
        { heading: 'From', width: '14rem', text: ({ from }) => namesOf(told, from) },
        { heading: 'To', width: '14rem', text: ({ to }) => namesOf(told, to) },
        { heading: 'On', width: '1fr', text: ({ text }) => text },
        {
          heading: 'By',
          width: '14rem',
          text: ({ rules }) => rules.map(({ policy, rule }) => `${policy} rule ${rule}`).join(', '),
        },
        { heading: 'Owners', width: '8rem', text: ({ owners }) => owners.join(', ') },
      ]}
      empty=""
    />
  );
}

/** Who a class is, in few words. */
function namesOf({ classes }: ShownDifference, id: string): string {
  const one = classes.find((each) => each.id === id);
  const names = one?.names ?? [];
  const more = names.length - 3;
  return `${one?.outside === true ? 'outside ' : ''}${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
