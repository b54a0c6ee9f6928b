// A sheet to draw a digit on, with mouse, pen or finger. Reports the ink whenever it grows; the sheet itself is a canvas.
import { type PointerEvent, type Ref, useImperativeHandle, useRef, useState } from 'react';
import type { Image } from './centre-ink.ts';

/** Side of the sheet in canvas pixels: ten per pixel of an MNIST digit. */
export const PAD_SIZE = 280;
const PEN_WIDTH = 22;

export interface PadHandle {
  clear(): void;
  /** Shows a dataset image, 8-bit, as if it had been drawn. */
  show(pixels: Uint8Array, width: number, height: number): void;
}

interface DrawingPadProps {
  readonly ref: Ref<PadHandle>;
  onInk(drawing: Image): void;
}

function readInk(context: CanvasRenderingContext2D): Image {
  const { data } = context.getImageData(0, 0, PAD_SIZE, PAD_SIZE);
  const pixels = new Float32Array(PAD_SIZE * PAD_SIZE);
  // Ink is opacity, so that it may have any colour.
  for (let index = 0; index < pixels.length; index++) pixels[index] = (data[index * 4 + 3] ?? 0) / 255;
  return { width: PAD_SIZE, height: PAD_SIZE, pixels };
}

function showImage(context: CanvasRenderingContext2D, values: Uint8Array, width: number, height: number): void {
  const source = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  for (let index = 0; index < values.length; index++) pixels.data[index * 4 + 3] = values[index] ?? 0;
  source.getContext('2d')?.putImageData(pixels, 0, 0);
  context.clearRect(0, 0, PAD_SIZE, PAD_SIZE);
  context.drawImage(source, 0, 0, PAD_SIZE, PAD_SIZE);
}

export function DrawingPad({ ref, onInk }: DrawingPadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = useRef<{ x: number; y: number } | null>(null);
  const [isBlank, setIsBlank] = useState(true);
  const paper = () => canvas.current?.getContext('2d', { willReadFrequently: true }) ?? null;

  useImperativeHandle(ref, () => ({
    clear() {
      paper()?.clearRect(0, 0, PAD_SIZE, PAD_SIZE);
      setIsBlank(true);
    },
    show(pixels, width, height) {
      const context = paper();
      if (context) showImage(context, pixels, width, height);
      setIsBlank(false);
    },
  }));

  const draw = (event: PointerEvent<HTMLCanvasElement>) => {
    const context = paper();
    if (context === null) return;
    const bounds = event.currentTarget.getBoundingClientRect();
    const scale = PAD_SIZE / bounds.width;
    const to = { x: (event.clientX - bounds.left) * scale, y: (event.clientY - bounds.top) * scale };
    const from = pen.current ?? to;
    context.lineWidth = PEN_WIDTH;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    // A line without length has no ink in some browsers.
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    pen.current = to;
    onInk(readInk(context));
  };
  const lift = () => {
    pen.current = null;
  };

  return (
    <div className="pad">
      <canvas
        ref={canvas}
        width={PAD_SIZE}
        height={PAD_SIZE}
        role="img"
        aria-label="Drawing pad: draw a digit here, or take a random example"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setIsBlank(false);
          draw(event);
        }}
        onPointerMove={(event) => {
          if (pen.current !== null) draw(event);
        }}
        onPointerUp={lift}
        onPointerCancel={lift}
      />
      {isBlank && <p className="pad-hint">Draw here</p>}
    </div>
  );
}
