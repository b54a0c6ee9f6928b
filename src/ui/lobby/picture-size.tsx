// How large pictures of one's own become: smaller ones learn faster, larger ones show more.
import { useCommands, useView } from '../../store/use-view.ts';
import type { DatasetView } from '../../store/view.ts';

const SIDES = [16, 24, 32, 48, 64, 96, 128];

/** Width and height of pictures that this tab can read again; null of any other data. */
function sizeOf(dataset: DatasetView | null): string | null {
  if (!dataset?.isCorrectable || dataset.preview?.kind !== 'images' || !dataset.preview.classes) return null;
  return `${dataset.preview.width}×${dataset.preview.height}`;
}

export function PictureSize() {
  const size = useView(({ dataset }) => sizeOf(dataset));
  const isBusy = useView((state) => state.progress !== null);
  const commands = useCommands();
  if (size === null) return null;
  const sizes = SIDES.map((side) => `${side}×${side}`);
  return (
    <label className="field picture-size">
      Scaled to
      <select
        className="input"
        value={size}
        disabled={isBusy}
        onChange={(event) => commands.correctData({ imageSide: Number.parseInt(event.target.value, 10) })}
      >
        {!sizes.includes(size) && <option value={size}>{size} pixels</option>}
        {sizes.map((choice) => (
          <option key={choice} value={choice}>
            {choice} pixels
          </option>
        ))}
      </select>
    </label>
  );
}
