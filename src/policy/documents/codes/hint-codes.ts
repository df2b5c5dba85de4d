/**
 * Hints: good to know, and no reason to fail a build.
 * @module
 */

/** What each code of a hint means, in a line. */
export const hintCodes = {
  'deny-widens-on-tcp': 'a DENY whose HTTP conditions do not count on TCP ports',
  'ignore-without-reason': 'an ignore that does not say why',
  'rule-redundant': 'a rule without which everything would be decided the same (policy lint)',
} as const;
