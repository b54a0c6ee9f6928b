// Copies the room's link and says so for a moment.
import { useEffect, useRef, useState } from 'react';
import { CheckGlyph, CopyGlyph } from '../common/glyphs.tsx';

const THANKS_MS = 2_000;

type Copied = 'no' | 'yes' | 'blocked';

/** The clipboard needs a secure context; over plain HTTP on a LAN the old way still works. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  return isCopied;
}

export function CopyButton({ text }: { readonly text: string | null }) {
  const [copied, setCopied] = useState<Copied>('no');
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    if (text === null) return;
    setCopied((await copyText(text)) ? 'yes' : 'blocked');
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setCopied('no'), THANKS_MS);
  };
  return (
    <>
      <button
        type="button"
        className="button copy-button"
        aria-label="Copy link"
        disabled={text === null}
        onClick={copy}
      >
        {copied === 'yes' ? <CheckGlyph /> : <CopyGlyph />}
        {copied === 'yes' ? 'Copied' : 'Copy link'}
      </button>
      <span className="sr-only" role="status">
        {copied === 'yes' && 'Link copied'}
        {copied === 'blocked' && 'This browser does not let the page copy: select the link and copy it by hand.'}
      </span>
    </>
  );
}
