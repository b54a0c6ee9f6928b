// A value being changed by hand: shown at once, asked for after a moment, and given back to the store when it has arrived.
import { useEffect, useRef, useState } from 'react';

/** A slider in motion asks at most this often. */
const COMMIT_MS = 150;
/** After this time the store's value counts again, whatever it is: the wish may have been refused. */
const HOLD_MS = 2_000;

export function useDraft<Value>(value: Value, commit: (value: Value) => void): [Value, (value: Value) => void] {
  const [draft, setDraft] = useState<{ value: Value } | null>(null);
  const timers = useRef({ commit: 0, hold: 0 });
  const drop = () => {
    clearTimeout(timers.current.commit);
    clearTimeout(timers.current.hold);
  };
  useEffect(() => {
    const { current } = timers;
    return () => {
      clearTimeout(current.commit);
      clearTimeout(current.hold);
    };
  }, []);
  const change = (next: Value) => {
    setDraft({ value: next });
    drop();
    timers.current.commit = window.setTimeout(() => commit(next), COMMIT_MS);
    timers.current.hold = window.setTimeout(() => setDraft(null), HOLD_MS);
  };
  return [draft === null ? value : draft.value, change];
}
