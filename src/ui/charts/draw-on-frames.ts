// From store changes to drawings: at most one per animation frame, and none when the series hasn't changed.
import type { ViewStore } from '../../store/store.ts';
import type { SeriesView } from '../../store/view.ts';

/** Draws now and whenever the series' version changes; returns the way to stop. Hidden tabs have no frames: no drawing. */
export function drawOnFrames(store: ViewStore, draw: (series: SeriesView) => void): () => void {
  let drawn = store.getState().series.version;
  let frame = 0;
  draw(store.getState().series);
  const onFrame = () => {
    frame = 0;
    const { series } = store.getState();
    if (series.version === drawn) return;
    drawn = series.version;
    draw(series);
  };
  const unsubscribe = store.subscribe(({ series }) => {
    if (frame === 0 && series.version !== drawn) frame = requestAnimationFrame(onFrame);
  });
  return () => {
    unsubscribe();
    cancelAnimationFrame(frame);
  };
}
