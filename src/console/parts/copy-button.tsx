/**
 * Copies a text, and says whether it did.
 * @module
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

interface CopyButtonProps {
  /** Makes the text: it may be long. */
  readonly text: () => string;
  readonly name: string;
}

const TOLD_MS = 2_000;

export function CopyButton({ text, name }: CopyButtonProps): JSX.Element {
  const [told, setTold] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setTold('Copied');
    } catch {
      setTold('The browser does not let this page copy');
    }
    setTimeout(() => setTold(''), TOLD_MS);
  };
  return (
    <button type="button" aria-live="polite" onClick={() => void copy()}>
      {told === '' ? name : told}
    </button>
  );
}
