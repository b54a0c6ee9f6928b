// A small "what is this?" beside a word: opens a few plain sentences over the page, moving nothing.
import { type ReactNode, useRef } from 'react';
import { useCloseOutside } from './use-close-outside.ts';
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
