// A slow heartbeat for what needn't follow every change.
import { useEffect, useReducer } from 'react';

/** Renders the component again every `periodMs`; not while the tab is hidden. */
export function useEvery(periodMs: number): void {
  const [, beat] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) beat();
    }, periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
}
