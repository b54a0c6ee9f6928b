// One line under the drawing: which tabs may be closed now without losing anything.
import { useMemo } from 'react';
import { useView } from '../../store/use-view.ts';
import { safetyOf } from './holdings-words.ts';
import { useDrawnRing } from './use-drawing.ts';
import './ring-details.css';

export function RingSafety() {
  const ring = useDrawnRing();
  const wanted = useView(({ run }) => run?.replicas ?? null);
  // What was lost has no place on the ring any more: the run says it.
  const isLost = useView(({ run }) => run?.phase === 'failed');
  const safety = useMemo(() => (wanted === null ? null : safetyOf(ring, wanted)), [ring, wanted]);
  if (safety === null) return null;
  return (
    <p className="ring-safety" data-level={safety.level}>
      {isLost ? '' : safety.text}
    </p>
  );
}
