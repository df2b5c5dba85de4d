/**
 * What the server and its signing process say to each other.
 * @module
 */
import type { OpenTokenOrder, TokenKeyType } from '../../platform/pkcs11/open-token.ts';
import type { FaultKind } from '../../platform/pkcs11/token-fault.ts';

/** The module, and what is opened in it. */
export interface OpenOrder extends OpenTokenOrder {
  /** The file of the module. */
  readonly module: string;
}

/** What is asked of an open token; each is answered once, in any order. */
export type TokenRequest =
  | { readonly ask: 'generate'; readonly keyType: TokenKeyType; readonly name: string }
  | { readonly ask: 'rename'; readonly from: string; readonly to: string }
  | {
      readonly ask: 'sign';
      readonly names: readonly string[];
      readonly mechanism: 'ecdsa' | 'rsa';
      readonly input: Uint8Array;
    }
  | { readonly ask: 'destroy'; readonly names: readonly string[] }
  | { readonly ask: 'names' }
  | { readonly ask: 'check' };

/** Several at once: a message costs as much as a part of a signature. */
export type ToToken =
  | { readonly kind: 'open'; readonly order: OpenOrder }
  | {
      readonly kind: 'requests';
      readonly requests: readonly { readonly id: number; readonly request: TokenRequest }[];
    };

export type TokenAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: FaultKind; readonly message: string };

export type FromToken =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'opened'; readonly serial: string }
  | { readonly kind: 'failed'; readonly fault: FaultKind; readonly message: string }
  | { readonly kind: 'answers'; readonly answers: readonly TokenAnswer[] };
