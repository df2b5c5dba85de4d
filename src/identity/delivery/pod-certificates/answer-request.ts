/**
 * Answers requests: what is asked of whom, in order, and the certificate where nothing is against it.
 *
 * What was signed is kept until it is known to have arrived, so that a write whose end nobody saw is written again as it was.
 * @module
 */
import { asGatehouseError, type ErrorCode } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { Selector } from '../../../spiffe/selector.ts';
import type { PodFacts } from '../../attestation/kubernetes/pod-facts.ts';
import { readCertificate } from '../../pki/certificate.ts';
import type { Entry } from '../../registration/entry.ts';
import type { IdentitySource } from '../../source/identity-source.ts';
import { deniedStatus, issuedStatus, type RequestStatus } from './answer.ts';
import { problemOfIssued } from './check-issued.ts';
import { type Found, judgePod } from './judge-pod.ts';
import { judgeRequest, type Leave } from './judge-request.ts';
import type { PodCertificateRequest } from './request.ts';
import { type SigningAuthority, type Terms, termsOf } from './validity.ts';
import { type Denial, type Wait, type WaitReason, wait } from './verdict.ts';

/** Who a pod may be. */
export interface PodIdentity {
  readonly entry: Entry;
  /** What was attested of it; kept in the ledger. */
  readonly selectors: readonly Selector[];
}

export interface AnswerDeps {
  /** Such as `gatehouse.io/workload`. */
  readonly signerName: string;
  /** Our most, in milliseconds. */
  readonly lifeMs: number;
  readonly source: Pick<IdentitySource, 'issueX509'>;
  /** The X.509 authority that signs now. */
  readonly authority: () => SigningAuthority | undefined;
  /** The bundle that the cluster was last seen to have; undefined: none yet. */
  readonly published: () => Bundle | undefined;
  /** Looks up pod and account of a request. @throws Error when the API server cannot say */
  readonly look: (request: PodCertificateRequest) => Promise<Found>;
  /** The identity of a pod that was found; undefined: nobody's entry, and no rule, gives it one. */
  readonly identityOf: (request: PodCertificateRequest, pod: PodFacts) => PodIdentity | undefined;
  readonly clock: Clock;
}

/** The whole status is to be written. */
export interface Answer {
  readonly does: 'answer';
  readonly status: RequestStatus;
  /** Undefined: a certificate was issued. */
  readonly denial: Denial | undefined;
}

/** Answers requests of one signer. */
export interface Answers {
  /** What to do about a request now; throws nothing that a request could cause. */
  answer(request: PodCertificateRequest): Promise<Answer | Wait | Leave>;
  /** The answer has arrived, or is not wanted any more. */
  settled(uid: string): void;
}

/** A passing fault of ours, by the code of what was thrown. */
const waitReasons: Partial<Record<ErrorCode, WaitReason>> = {
  authority_not_ready: 'no_authority',
  store_unavailable: 'store',
  not_entitled: 'revoked',
};

/** Creates them. */
export function createAnswers(deps: AnswerDeps): Answers {
  const { signerName, clock } = deps;
  /** Chains by the UID of the request. */
  const signed = new Map<string, readonly Uint8Array[]>();
  const denied = (denial: Denial): Answer => ({ does: 'answer', status: deniedStatus(denial, clock.now()), denial });

  const issue = async (request: PodCertificateRequest, spki: Uint8Array, pod: PodFacts): Promise<Answer | Wait> => {
    const ready = readyToSign(request, deps);
    if (ready.does === 'wait') return ready;
    const identity = deps.identityOf(request, pod);
    if (identity === undefined)
      return wait(
        'not_entitled',
        `no entry gives service account ${request.namespace}/${request.account.name} an identity, and its namespace is none of attestation.kubernetes.implicit`,
      );
    const { entry, selectors } = identity;
    const chain = signed.get(request.uid) ?? (await sign(request, spki, { entry, selectors, ...ready }, deps));
    const { spiffeId } = entry;
    const { maxLifeMs } = request;
    const nowMs = clock.now();
    const problem = problemOfIssued(chain, { spiffeId, spki, maxLifeMs, published: ready.published, nowMs });
    if (problem !== undefined) {
      signed.delete(request.uid);
      return wait('not_sound', `what was signed is not handed out: ${problem}`);
    }
    signed.set(request.uid, chain);
    return { does: 'answer', status: issuedStatus(chain, readCertificate(chain[0]!), nowMs), denial: undefined };
  };
  const judge = async (request: PodCertificateRequest): Promise<Answer | Wait | Leave> => {
    const key = judgeRequest(request, signerName);
    if (key.does === 'deny') return denied(key);
    if (key.does !== 'go on') return key;
    const seen = judgePod(request, await deps.look(request));
    if (seen.does === 'go on') return issue(request, key.spki, seen.pod);
    return seen.does === 'deny' ? denied(seen) : seen;
  };
  return {
    async answer(request) {
      try {
        return await judge(request);
      } catch (thrown) {
        const { code, message } = asGatehouseError(thrown);
        return wait(waitReasons[code] ?? 'unreachable', message);
      }
    },
    settled: (uid) => void signed.delete(uid),
  };
}

/** Nothing is signed for pods by an authority that ends soon, or before its root is where they find it. */
function readyToSign(
  { maxLifeMs }: PodCertificateRequest,
  { authority: active, published: bundle, lifeMs: oursMs, clock }: AnswerDeps,
): (Terms & { readonly published: Bundle }) | Wait {
  const authority = active();
  if (authority === undefined) return wait('no_authority', 'no X.509 authority signs now');
  const published = bundle();
  if (published === undefined || !hasOneOf(published, authority.roots))
    return wait(
      'unpublished',
      `the root of authority ${authority.id} is not known to be in the ClusterTrustBundle of the signer: pods could not verify each other`,
    );
  const terms = termsOf(maxLifeMs, oursMs, authority, clock.now());
  return terms.does === 'wait' ? terms : { ...terms, published };
}

const hasOneOf = ({ x509Authorities }: Bundle, roots: readonly Uint8Array[]): boolean =>
  roots.some((root) => x509Authorities.some((each) => Buffer.compare(each, root) === 0));

async function sign(
  request: PodCertificateRequest,
  spki: Uint8Array,
  { entry, selectors, ttlMs, backdateMs }: PodIdentity & Pick<Terms, 'ttlMs' | 'backdateMs'>,
  { source }: AnswerDeps,
): Promise<readonly Uint8Array[]> {
  const { chain } = await source.issueX509({
    entitlement: { ...entry, x509SvidTtlMs: ttlMs },
    backdateMs,
    selectors,
    channel: 'pod-certificate',
    consumer: `pod ${request.namespace}/${request.pod.name} ${request.pod.uid}`,
    spki,
  });
  return chain;
}
