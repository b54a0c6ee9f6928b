// What a job shows beside its curves: its own pictures, its try-it panel. A job that isn't here has none of its own.
import type { ComponentType } from 'react';
import { useView } from '../../store/use-view.ts';
import { TryModel } from '../try/try-model.tsx';
import { Writing } from './char-lm/writing.tsx';
import { HittersPanel } from './count-min/hitters-panel.tsx';
import { TryPicture } from './image-folder/try-picture.tsx';
import { TopicsPanel } from './lda/topics-panel.tsx';
import { Recommendations } from './matrix-factorization/recommendations.tsx';
import { TablePanel } from './tabular/table-panel.tsx';

const PANELS = new Map<string, ComponentType>([
  ['digits-mlp', TryModel],
  ['digits-cnn', TryModel],
  ['image-folder', TryPicture],
  ['char-lm', Writing],
  ['matrix-factorization', Recommendations],
  ['tabular', TablePanel],
  ['lda', TopicsPanel],
  ['count-min', HittersPanel],
]);

/** The panel of the current run's job. A new run is a new panel: nothing of the old one may stay. */
export function JobPanel() {
  const job = useView((state) => state.run?.job ?? null);
  const run = useView((state) => state.run?.number ?? null);
  return job === null ? null : <PanelOf key={run} job={job} />;
}

export function PanelOf({ job }: { readonly job: string }) {
  const Panel = PANELS.get(job);
  return Panel === undefined ? null : <Panel />;
}
