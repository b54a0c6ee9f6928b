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
    row('Nothing yet: 32-bit values and keys', ({ raw }) => raw),
    row('Leaving values out', ({ raw, kept = raw }) => kept),
    row('Coding values and keys', ({ wire, coded = wire }) => coded),
    row('Framing, asking, sending again', ({ wire }) => wire),
    ...(isDeflated ? [row('Deflating on slow links', ({ wire, saved = 0 }) => wire - saved)] : []),
  ];
}
