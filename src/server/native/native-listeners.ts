/**
 * Where Envoys on other machines get the policy of their workload, and tell of what they have decided: by mTLS, each as what its
 * certificate says that it is.
 * @module
 */
import type { CallerOf } from '../../authz/native/native-deps.ts';
import type { Revocations } from '../../authz/state.ts';
import type { Config } from '../../config/config.ts';
import type { ListenerConfig } from '../../config/listeners/listen-config.ts';
import { listeners } from '../../config/listeners/table.ts';
import { GatehouseError } from '../../errors.ts';
import { createWakeup } from '../../lib/wakeup.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { GrpcMethod } from '../../transport/grpc-methods.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { type GrpcListener, openGrpcListener } from '../listeners/grpc-listener.ts';
import { listenAddress } from '../listeners/listen-addresses.ts';
import type { RefusalReports } from '../refusal-reports.ts';
import type { IdentifyCaller } from '../tls/callers.ts';
import type { NativeRole } from './native-role.ts';

export interface XdsListenerDeps {
  readonly config: Watchable<Config>;
  readonly log: Log;
  readonly tls: { readonly primary: Watchable<TlsIdentity | undefined> };
  readonly revocations: Watchable<Revocations | undefined>;
  readonly identify: IdentifyCaller;
  readonly refusals: Pick<RefusalReports, 'handshakeFailed'>;
}

/** The first request has all that an Envoy can say of itself, its extensions too. */
const MESSAGE_BYTES = 1024 * 1024;

/** Keys of `listen`. */
type NativeName = 'xds' | 'accessLog';

/** A listener that is open. */
export interface NativeListener {
  readonly name: NativeName;
  readonly listener: GrpcListener;
}

/** Opens those that the configuration names. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openNativeListeners(
  deps: XdsListenerDeps,
  native: Pick<NativeRole, 'methods' | 'reportMethods'>,
): Promise<readonly NativeListener[]> {
  await using stack = new AsyncDisposableStack();
  const callerOf = callerByCertificate(deps);
  const methods = { xds: () => native.methods(callerOf), accessLog: () => native.reportMethods(callerOf) };
  const opened: NativeListener[] = [];
  for (const name of ['xds', 'accessLog'] as const) {
    const at = deps.config.value.listen[name];
    if (at === undefined) continue;
    opened.push({ name, listener: stack.use(await openOne(deps, { name, at, methods: methods[name]() })) });
  }
  stack.move();
  return opened;
}

interface One {
  readonly name: NativeName;
  readonly at: ListenerConfig;
  readonly methods: readonly GrpcMethod[];
}

function openOne({ log, tls, identify, refusals }: XdsListenerDeps, { name, at, methods }: One): Promise<GrpcListener> {
  const { label } = listeners[name];
  return openGrpcListener(listenAddress(at), {
    methods,
    failed: (method, { code, message, details }) =>
      log[code === 'internal' ? 'error' : 'info']({ method, code, details }, message),
    identity: tls.primary,
    identify,
    handshakeFailed: (failure) => refusals.handshakeFailed(label, failure),
    connections: connectionLimit(label),
    messageBytes: MESSAGE_BYTES,
  });
}

/** Looks again whenever something is revoked, or the configuration is read again. */
function callerByCertificate({ config, identify, revocations }: XdsListenerDeps): CallerOf {
  return ({ connection, signal }) => {
    const wakeup = createWakeup();
    const subscriptions = [revocations.subscribe(wakeup.wake), config.subscribe(wakeup.wake)];
    return {
      async identities() {
        const spiffeId = identify(connection.peerCertificate);
        if (spiffeId === undefined) throw notAnEnvoy;
        return [spiffeId];
      },
      changed: () => wakeup.wait(signal),
      wake: wakeup.wake,
      [Symbol.dispose]() {
        for (const unsubscribe of subscriptions) unsubscribe();
      },
    };
  };
}

const text = 'only the holder of an SVID of this trust domain that is not revoked gets the policy of its workload';
const notAnEnvoy = new GatehouseError('not_entitled', text, { peerText: text });
