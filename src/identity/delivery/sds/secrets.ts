/**
 * Names in, secrets out: what one caller gets for what it asks for.
 * @module
 */
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Secret } from '../../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { x509VersionOf } from '../../../spiffe/bundle-version.ts';
import type { CallerState } from '../caller-watch.ts';
import type { HeldSvids } from '../held-svids.ts';
import { asResource, certificateSecret, validationSecret } from './secret-messages.ts';
import { meaningOfName, type SecretMeaning } from './secret-names.ts';
import type { SecretRules } from './secret-rules.ts';

/** One secret that can be sent. */
export interface NamedSecret {
  readonly name: string;
  /** Changes exactly if the content does, also between streams. */
  readonly version: string;
  /** Whether it tells the consumer our own bundle. */
  readonly holdsOwnBundle: boolean;
  readonly holdsCertificate: boolean;
  /** Envoy would refuse it: it is never sent, and who has an older one keeps that. */
  readonly isWithheld: boolean;
  resource(): Any;
}

/**
 * The secrets for these names, in their order. A name without a meaning for the caller has none: that is an answer, not an error.
 *
 * @throws GatehouseError as `HeldSvids.refresh`
 */
export async function secretsFor(
  names: readonly string[],
  state: CallerState,
  held: HeldSvids,
  spiffeValidator: boolean,
  rules: SecretRules,
): Promise<NamedSecret[]> {
  const meanings = [...new Set(names)]
    .map((name) => ({ name, meaning: meaningOfName(name, state) }))
    .filter((each): each is { name: string; meaning: SecretMeaning } => each.meaning !== undefined);
  const wanted = new Set(meanings.flatMap(({ meaning }) => (meaning.kind === 'certificate' ? [meaning.entry] : [])));
  const svids = new Map(
    (await held.refresh([...wanted], state.attestation)).map(({ entry, svid }) => [entry.spiffeId, svid]),
  );
  return meanings.flatMap(({ name, meaning }) => {
    if (meaning.kind === 'certificate') {
      const svid = svids.get(meaning.entry.spiffeId);
      if (svid === undefined) return []; // nothing is issued to that ID now
      const make = (): Secret => certificateSecret(name, svid);
      return {
        name,
        version: `${svid.spiffeId}@${svid.serial}`,
        holdsOwnBundle: false,
        holdsCertificate: true,
        isWithheld: !rules.hold([svid], name, make),
        resource: () => asResource(make()),
      };
    }
    const { bundles } = meaning;
    const make = (): Secret => validationSecret(name, bundles, spiffeValidator);
    return {
      name,
      version: bundles.map(x509VersionOf).join(','),
      holdsOwnBundle: bundles.includes(state.bundles.own),
      holdsCertificate: false,
      isWithheld: !rules.hold(bundles, spiffeValidator ? name : `${name} (plain roots)`, make),
      resource: () => asResource(make()),
    };
  });
}
