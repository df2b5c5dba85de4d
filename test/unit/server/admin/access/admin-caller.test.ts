import assert from 'node:assert/strict';
import type { Accounts } from '../../../../../src/lib/accounts.ts';
import { callerOfAccount, callerOfId } from '../../../../../src/server/admin/access/admin-caller.ts';
import { parseSpiffeId } from '../../../../../src/spiffe/spiffe-id.ts';

const accounts: Accounts = {
  userName: (uid) => (uid === 0 ? 'root' : undefined),
  groupName: () => undefined,
  uidOf: () => undefined,
  gidOf: (name) => ({ ops: 50, 'a-b': 51 })[name],
};
const own = process.geteuid?.() ?? 0;

describe('callerOfAccount', () => {
  const cases: readonly {
    readonly name: string;
    readonly uid: number;
    readonly gids: readonly number[];
    readonly group: string | undefined;
    readonly want: string | undefined;
  }[] = [
    { name: 'root operates', uid: 0, gids: [0], group: undefined, want: 'operate' },
    { name: "the server's own user operates", uid: own, gids: [7], group: 'ops', want: 'operate' },
    { name: 'a member by his own group reads', uid: 9, gids: [50], group: 'ops', want: 'read' },
    { name: 'a member by a further group reads', uid: 9, gids: [9, 8, 50], group: 'ops', want: 'read' },
    { name: 'a member by the number of the group reads', uid: 9, gids: [9, 52], group: '52', want: 'read' },
    { name: 'nobody else gets in', uid: 9, gids: [9, 51], group: 'ops', want: undefined },
    { name: 'without a group nobody reads', uid: 9, gids: [50], group: undefined, want: undefined },
    { name: 'a group that is not known has no members', uid: 9, gids: [0, 50], group: 'gone', want: undefined },
  ];
  for (const { name, uid, gids, group, want } of cases)
    it(name, () => {
      const ask = () => callerOfAccount({ uid, gids }, { clients: [], group }, accounts);
      if (want === undefined) assert.throws(ask, { code: 'caller_not_authorised' });
      else assert.deepEqual([ask().role, ask().namespaces], [want, undefined]);
    });

  it('lets nobody in whom the kernel does not know', () => {
    assert.throws(() => callerOfAccount(undefined, { clients: [], group: 'ops' }, accounts), /uid unknown may not use/);
  });
});

describe('callerOfId', () => {
  const id = parseSpiffeId('spiffe://cluster.local/ns/ops/sa/alice');
  it('takes role and namespaces of admin.clients', () => {
    const client = { id, role: 'read', namespaces: ['team-a'] } as const;
    assert.deepEqual(callerOfId(id, { clients: [client], group: undefined }), {
      who: id,
      role: 'read',
      namespaces: ['team-a'],
    });
  });
  it('refuses others, and who proves nothing', () => {
    const other = parseSpiffeId('spiffe://cluster.local/ns/ops/sa/bob');
    for (const each of [other, undefined])
      assert.throws(
        () => callerOfId(each, { clients: [{ id, role: 'operate', namespaces: undefined }], group: undefined }),
        { code: 'caller_not_authorised' },
      );
  });
});
