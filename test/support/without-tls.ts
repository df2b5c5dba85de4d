/**
 * Bootstraps of `gatehouse envoy bootstrap` whose listener takes callers without TLS, as PeerAuthentication's modes say.
 * @module
 */
import { parse, stringify } from 'yaml';

interface Listener {
  readonly name: string;
  listener_filters?: readonly object[];
  filter_chains: readonly Chain[];
}

interface Chain {
  readonly transport_socket?: object;
  readonly filter_chain_match?: object;
  readonly filters: readonly {
    readonly typed_config: {
      readonly route_config?: { readonly virtual_hosts: { typed_per_filter_config?: object }[] };
    };
  }[];
}

/** PERMISSIVE: with TLS and without, by the same filters. */
export const permissive = (bootstrap: string): string =>
  edited(bootstrap, (listener, tls, plain) => {
    listener.listener_filters = [
      {
        name: 'envoy.filters.listener.tls_inspector',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
        },
      },
    ];
    listener.filter_chains = [
      { ...tls, filter_chain_match: { transport_protocol: 'tls' } },
      { ...plain, filter_chain_match: { transport_protocol: 'raw_buffer' } },
    ];
  });

/** DISABLE: without TLS alone, so that it serves before it has been given a certificate. */
export const plainOnly = (bootstrap: string): string =>
  edited(bootstrap, (listener, _, plain) => {
    listener.filter_chains = [plain];
  });

function edited(bootstrap: string, edit: (listener: Listener, tls: Chain, plain: Chain) => void): string {
  // what `envoy bootstrap` printed
  const made = parse(bootstrap) as { node: { id: string }; static_resources: { listeners: Listener[] } };
  const listener = made.static_resources.listeners.find(({ name }) => name === 'inbound')!; // it has one of that name
  const tls = listener.filter_chains[0]!; // it has one chain
  const { transport_socket: _, ...plain } = structuredClone(tls);
  // no certificate says whose Checks these are
  for (const host of plain.filters.at(-1)!.typed_config.route_config!.virtual_hosts)
    host.typed_per_filter_config = {
      'envoy.filters.http.ext_authz': {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
        check_settings: { context_extensions: { 'gatehouse.workload': made.node.id } },
      },
    };
  edit(listener, tls, plain);
  return stringify(made);
}
