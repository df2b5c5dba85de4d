import assert from 'node:assert/strict';
import { activateDueAt, prepareDueAt } from '../../../../../src/identity/authority/rotate/schedule.ts';
import { activeOf } from '../../../../../src/identity/authority/store/state.ts';
import { openTestAuthority, requestOf } from '../../../../support/authority.ts';

describe('createCalendar', () => {
  it('activates the JWT authority when that is due, also while the gate of the X.509 one is closed', async () => {
    const { authority, clock, content } = await openTestAuthority();
    const first = activeOf(content.state!, 'jwt')!;
    clock.advance(prepareDueAt(first) - clock.now());
    await authority.tick();
    clock.advance(activateDueAt(first) - clock.now());
    const mute = requestOf('mute', 'sds');
    await authority.issueX509(mute);
    const spiffeIds = [mute.entitlement.spiffeId];
    authority.acknowledge({ consumer: 'mute', channel: 'sds', spiffeIds, sequence: 1, grade: 'sent' });
    await authority.tick();
    const [last] = await authority.audit(1);
    assert.deepEqual([last?.verb, last?.use, last?.result], ['ca activate', 'jwt', 'done']);
    assert.notEqual(activeOf(content.state!, 'jwt')?.id, first.id);
    const blocked = (await authority.audit(2))[1];
    assert.deepEqual([blocked?.use, blocked?.result], ['x509', 'rotation_blocked']);
  });
});
