// A small "what is this?" beside a word: opens a few plain sentences over the page, moving nothing.
import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import './explain.css';

interface ExplainProps {
  /** The question, as a screen reader says it: "What is a clock?". */
  readonly question: string;
  readonly children: ReactNode;
}

export function Explain({ question, children }: ExplainProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useCloseOutside(details);
  return (
    <details className="explain" ref={details}>
      <summary aria-label={question}>?</summary>
      <div className="explain-text">{children}</div>
    </details>
  );
}

/** Closes an open `<details>` on Escape and on a press or focus elsewhere. */
function useCloseOutside(details: RefObject<HTMLDetailsElement | null>): void {
  useEffect(() => {
    const close = (event: Event) => {
      const element = details.current;
      if (!element?.open) return;
      if (event instanceof KeyboardEvent ? event.key !== 'Escape' : isInside(element, event.target)) return;
      element.open = false;
    };
    const kinds = ['pointerdown', 'focusin', 'keydown'] as const;
    for (const kind of kinds) document.addEventListener(kind, close);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, close);
    };
  }, [details]);
}

const isInside = (element: Element, target: EventTarget | null): boolean =>
  target instanceof Node && element.contains(target);
