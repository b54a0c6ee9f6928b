// Brings a drawing into the form that digit datasets have: the ink fits a box, its centre of mass is in the middle.
// Pure. The convention is MNIST's (LeCun et al. 1998): 28×28 pixels, ink scaled to 20×20 with its proportions kept.

export interface Image {
  readonly width: number;
  readonly height: number;
  /** Row-major, 0 = paper, 1 = ink. */
  readonly pixels: Float32Array;
}

/** Share of the picture's smaller side that the ink may fill: 20 of 28 pixels. */
const INK_SHARE = 20 / 28;
/** Fainter pixels are the soft edge of a stroke and don't count for the box. */
const INK_THRESHOLD = 0.05;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function inkBox({ width, height, pixels }: Image): Box | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((pixels[y * width + x] ?? 0) <= INK_THRESHOLD) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function centreOfMass({ width, height, pixels }: Image): { x: number; y: number } {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ink = pixels[y * width + x] ?? 0;
      mass += ink;
      sumX += ink * (x + 0.5);
      sumY += ink * (y + 0.5);
    }
  }
  return { x: sumX / mass, y: sumY / mass };
}

/** Mean ink over a rectangle with fractional sides; outside the image is paper. */
function meanInk({ width, height, pixels }: Image, x0: number, y0: number, x1: number, y1: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(height, y1); y++) {
    const rows = Math.min(y + 1, y1) - Math.max(y, y0);
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(width, x1); x++) {
      sum += (pixels[y * width + x] ?? 0) * rows * (Math.min(x + 1, x1) - Math.max(x, x0));
    }
  }
  return sum / ((x1 - x0) * (y1 - y0));
}

/** The drawing as `width`×`height` values in [0, 1], or null when there is no ink. */
export function centreInk(drawing: Image, width: number, height: number): Float32Array | null {
  const box = inkBox(drawing);
  if (box === null) return null;
  const side = Math.min(width, height) * INK_SHARE;
  // Source pixels per target pixel.
  const step = Math.max(box.width, box.height) / side;
  const mass = centreOfMass(drawing);
  const left = mass.x - (width / 2) * step;
  const top = mass.y - (height / 2) * step;
  const pixels = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [x0, y0] = [left + x * step, top + y * step];
      pixels[y * width + x] = Math.min(1, meanInk(drawing, x0, y0, x0 + step, y0 + step));
    }
  }
  return pixels;
}
