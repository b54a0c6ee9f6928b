// A few samples of the data, to look at, and how many there are of each class.
import { memo } from 'react';
import type { ImagesView } from '../../store/view.ts';
import { Picture } from '../common/picture.tsx';
import { formatCount } from '../format.ts';

const SHOWN = 10;
const WAITING = Array.from({ length: SHOWN }, (_, place) => place);
/** Classes with their counts: more than this are told by their number. */
const SHOWN_CLASSES = 16;

/** Keeps its place while the data are being prepared, so that nothing moves when they come. */
export const Thumbnails = memo(function Thumbnails({ preview }: { readonly preview: ImagesView | null }) {
  return (
    <>
      <div className="thumbnails">
        {preview === null && WAITING.map((place) => <span key={place} className="thumbnail-waiting" />)}
        {preview?.images.slice(0, SHOWN).map(({ pixels, label }, index) => (
          <Picture
            // biome-ignore lint/suspicious/noArrayIndexKey: a preview never changes within a dataset: its order is its identity.
            key={`${index} ${label}`}
            {...{ pixels, width: preview.width, height: preview.height, channels: preview.channels }}
            label={`Sample: ${label}`}
          />
        ))}
      </div>
      {preview?.classes !== undefined && <ClassCounts classes={preview.classes} />}
    </>
  );
});

function ClassCounts({ classes }: { readonly classes: NonNullable<ImagesView['classes']> }) {
  const rest = classes.length - SHOWN_CLASSES;
  return (
    <ul className="class-counts" aria-label="Classes">
      {classes.slice(0, SHOWN_CLASSES).map(({ label, count }) => (
        <li key={label}>
          {label} <span className="muted">{formatCount(count)}</span>
        </li>
      ))}
      {rest > 0 && <li className="muted">and {formatCount(rest)} more</li>}
    </ul>
  );
}
