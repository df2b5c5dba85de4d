/**
 * The authority's state in SQLite: one row, replaced in one transaction with what a step leaves besides.
 * @module
 */
import { stateFromText, stateToText } from '../../../identity/authority/store/state.ts';
import type { AuthorityStore, VersionedState } from '../../../identity/authority/store/store.ts';
import { auditToColumns, revocationToColumns } from '../authority-rows.ts';
import { transaction } from '../sqlite-file.ts';
import type { OpenStore } from './open-store.ts';

/** The state as it stands: version 0 before the first. @throws what node:sqlite throws */
export function readState({ statements }: OpenStore): VersionedState {
  const row = statements.readState.get();
  return {
    version: Number(row?.['version'] ?? 0),
    state: row ? stateFromText(String(row['document'])) : undefined,
  };
}

/** The state of the file's authority. */
export function stateOver(store: OpenStore): Pick<AuthorityStore, 'load' | 'change'> {
  const { database, statements, guarded } = store;
  return {
    load: () => guarded(() => readState(store)),
    change: (step) =>
      guarded(() =>
        transaction(database, () => {
          const { version, state: before } = readState(store);
          const { state, audit, revocations } = step(before, version);
          const next = state === before ? version : version + 1;
          if (next !== version) statements.writeState.run(next, stateToText(state));
          if (audit) statements.insertAudit.run(...auditToColumns(audit));
          for (const row of revocations ?? []) statements.putRevocation.run(...revocationToColumns(row));
          return { version: next, state };
        }),
      ),
  };
}
