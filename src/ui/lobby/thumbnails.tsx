// A few samples of the data, to look at.
import { memo, useEffect, useRef } from 'react';
import type { PreviewView } from '../../store/view.ts';

type Preview = Extract<PreviewView, { kind: 'images' }>;

const SHOWN = 10;
const WAITING = Array.from({ length: SHOWN }, (_, place) => place);

/** Keeps its place while the data are being prepared, so that nothing moves when they come. */
export const Thumbnails = memo(function Thumbnails({ preview }: { readonly preview: Preview | null }) {
  return (
    <div className="thumbnails">
      {preview === null && WAITING.map((place) => <span key={place} className="thumbnail-waiting" />)}
      {preview?.images.slice(0, SHOWN).map((image, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a preview never changes within a dataset: its order is its identity.
        <Thumbnail key={`${index} ${image.label}`} image={image} width={preview.width} height={preview.height} />
      ))}
    </div>
  );
});

interface ThumbnailProps {
  readonly image: Preview['images'][number];
  readonly width: number;
  readonly height: number;
}

function Thumbnail({ image, width, height }: ThumbnailProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const pixels = new ImageData(width, height);
    for (let index = 0; index < image.pixels.length; index++) pixels.data[index * 4 + 3] = image.pixels[index] ?? 0;
    context.putImageData(pixels, 0, 0);
  }, [image, width, height]);
  return <canvas ref={canvas} width={width} height={height} role="img" aria-label={`Sample: ${image.label}`} />;
}
