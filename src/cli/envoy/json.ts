/**
 * JSON as the bootstrap is made of.
 * @module
 */

/** JSON as Envoy reads it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An object of the configuration that is made. */
export type JsonObject = { readonly [key: string]: Json };
