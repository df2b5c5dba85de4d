/**
 * What makes two findings the same.
 * @module
 */
import type { Finding } from '../documents/finding.ts';

/** Equal for findings that are about the same fault of the same place, whomever else they name. */
export const faultOf = ({ file, line, column, code, path }: Finding): string =>
  [file, line, column, code, path].join('\0');

/** Equal for findings that say the same of the same place. */
export const signatureOf = (finding: Finding): string => `${faultOf(finding)}\0${finding.message}`;
