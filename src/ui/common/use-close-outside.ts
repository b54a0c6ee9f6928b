// What opens over the page closes by itself.
import { type RefObject, useEffect } from 'react';

/** Closes an open `<details>` on Escape and on a press or focus elsewhere. */
export function useCloseOutside(details: RefObject<HTMLDetailsElement | null>): void {
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
