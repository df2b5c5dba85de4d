/**
 * What the judge is asked: a workload, all policies of its mesh, and requests to it, literally.
 * @module
 */

/** A caller's certificate; equal names mean one certificate. */
export interface Identity {
  readonly name: string;
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  readonly emails?: readonly string[];
  /** Common name. */
  readonly subject?: string;
  readonly organization?: string;
  readonly dnsFirst?: boolean;
  /** TLS without a client certificate. */
  readonly noCert?: boolean;
  /** No TLS. */
  readonly plain?: boolean;
}

/** One HTTP request or TCP connection. Texts are byte strings. What is left out is a plain-text GET / to example.com:8080. */
export interface Request {
  readonly tcp?: boolean;
  readonly h2?: boolean;
  readonly grpc?: boolean;
  readonly identity?: Identity;
  readonly sni?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly port?: string;
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** Settings of Envoy and of the mesh that change what a policy means. */
export interface CaseSettings {
  readonly rawHeaders: boolean;
  readonly useRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly aliases: readonly string[];
}

export interface Case extends CaseSettings {
  readonly id: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Dynamic metadata that stands there before the policies are asked. */
  readonly metadata?: Readonly<Record<string, object>>;
  /** YAML. */
  readonly documents: readonly string[];
  readonly requests: readonly Request[];
}
