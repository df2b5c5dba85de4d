/**
 * What an edited policy would change.
 * @module
 */
import type { JSX } from 'preact';
import { countText } from '../model/numbers.ts';
import type { ShownDifference, WhatIfAnswer } from '../model/what-if.ts';
import { Table } from '../parts/table.tsx';
import { go } from '../session/view.ts';
import type { Replay } from './recent-tests.ts';

interface OutcomeProps {
  readonly outcome: WhatIfAnswer;
  readonly replay: Replay;
}

export function OutcomeShown({ outcome: { difference, replayed }, replay }: OutcomeProps): JSX.Element {
  const others = replayed.filter(({ same }) => !same);
  const without = replay.asked - replay.tests.length;
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
        {countText(replayed.length - others.length)} of {countText(replayed.length)} are the same.
      </p>
      <p class="note">
        {replay.asked < replay.kept
          ? `The latest ${countText(replay.asked)} of ${countText(replay.kept)} decisions that the server keeps.`
          : `All ${countText(replay.kept)} decisions that the server keeps.`}
        {without > 0 && ` Of ${countText(without)} the request is not kept: they are not decided again.`}
      </p>
      {others.length > 0 && (
        <Table
          label="decided otherwise"
          rows={others}
          keyOf={({ name }) => name}
          open={({ name }) => go('live', { id: name })}
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
