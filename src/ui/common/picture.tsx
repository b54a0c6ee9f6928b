// One small picture of the data, pixel by pixel: ink where it is grey without a ground, else its own colours.
import { useEffect, useRef } from 'react';
import './picture.css';

interface PictureProps {
  /** 8-bit values, row by row. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 3 are red, green and blue; 1 is grey; absent is ink, whose colour is the theme's. */
  readonly channels: 1 | 3 | undefined;
  /** What it shows. */
  readonly label: string;
}

function paint(target: Uint8ClampedArray, { pixels, channels }: Pick<PictureProps, 'pixels' | 'channels'>): void {
  for (let at = 0; at * 4 < target.length; at++) {
    if (channels === undefined) {
      target[at * 4 + 3] = pixels[at] ?? 0;
      continue;
    }
    for (let channel = 0; channel < 3; channel++) {
      target[at * 4 + channel] = pixels[channels === 3 ? at * 3 + channel : at] ?? 0;
    }
    target[at * 4 + 3] = 255;
  }
}

export function Picture({ pixels, width, height, channels, label }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = new ImageData(width, height);
    paint(image.data, { pixels, channels });
    context.putImageData(image, 0, 0);
  }, [pixels, width, height, channels]);
  return (
    <canvas
      ref={canvas}
      className={channels === undefined ? 'picture picture-ink' : 'picture'}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      title={label}
    />
  );
}
