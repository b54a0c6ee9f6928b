// A titled region of the page.
import { type ReactNode, useId } from 'react';

interface PanelProps {
  readonly title: string;
  readonly className?: string;
  /** Stands right of the title: controls, counts. */
  readonly aside?: ReactNode;
  /** Stands right after the title: an explanation. */
  readonly explain?: ReactNode;
  readonly children: ReactNode;
}

export function Panel({ title, className, aside, explain, children }: PanelProps) {
  const heading = useId();
  return (
    <section className={className ? `panel ${className}` : 'panel'} aria-labelledby={heading}>
      <div className="panel-head">
        <h2 id={heading}>{title}</h2>
        {explain}
        {aside && <div>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
