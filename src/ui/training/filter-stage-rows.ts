// The stages of both directions as rows, from first to last. Pure.
import type { WayView } from '../../store/view.ts';

interface StageRow {
  readonly name: string;
  readonly pushed: number;
  readonly pulled: number;
}

export function stagesOf(push: WayView, pull: WayView): StageRow[] {
  const row = (name: string, of: (way: WayView) => number): StageRow => ({ name, pushed: of(push), pulled: of(pull) });
  const isDeflated = (push.saved ?? 0) + (pull.saved ?? 0) > 0;
  return [
    row('As f32, with keys', ({ raw }) => raw),
    row('Values left', ({ raw, kept = raw }) => kept),
    row('Coded, with keys', ({ wire, coded = wire }) => coded),
    row('In frames', ({ wire }) => wire),
    ...(isDeflated ? [row('Deflated', ({ wire, saved = 0 }) => wire - saved)] : []),
  ];
}
