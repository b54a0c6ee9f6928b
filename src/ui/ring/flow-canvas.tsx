// Frames on their way between nodes, as dots on a canvas over the drawing: the only thing on the page that moves all the time.
import { memo, useEffect, useRef } from 'react';
import { inNextTask, restAfter } from '../common/drawings.ts';
import { nodeToken } from '../node-style.ts';
import { onThemeChange, resolveColour } from '../theme.ts';
import type { DrawnFlow } from './ring-flows.tsx';
import { alongCurve, SIZE, TRAFFIC_FIELD } from './ring-geometry.ts';

/** Between two frames, at least: a third of the screen's rate is smooth enough for dots, and computing shares these cores. */
const REST_MS = 37;
/** One way along a curve. */
const TRAVEL_MS = 2_200;
/** Over this many dots each flow gets fewer: bounds the work per frame. */
const MAX_DOTS = 90;
/** Fainter dots behind each one. */
const TAIL = 4;
const TAIL_STEP = 0.012;

/** Only the thickest flows have dots: more would be a swarm, not a picture. */
const MAX_FLOWS = 48;

/** The canvas covers only where traffic is: its pixels are what costs. */
const INSET = `${(TRAFFIC_FIELD.start / SIZE) * 100}%`;

interface FlowCanvasProps {
  readonly flows: readonly DrawnFlow[];
}

export const FlowCanvas = memo(function FlowCanvas({ flows }: FlowCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(flows);
  useEffect(() => {
    latest.current = [...flows].sort((a, b) => b.width - a.width).slice(0, MAX_FLOWS);
  }, [flows]);
  const isMoving = flows.length > 0;
  useEffect(() => {
    if (canvas.current === null || !isMoving) return;
    return animate(canvas.current, () => latest.current);
  }, [isMoving]);
  return (
    <div className="ring-canvas" aria-hidden="true" style={{ inset: INSET }}>
      <canvas ref={canvas} />
    </div>
  );
});

/** Draws while the canvas is on the screen and motion is welcome; returns the way to stop. */
function animate(canvas: HTMLCanvasElement, flows: () => readonly DrawnFlow[]): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');
  const colours = new Map<number, string>();
  let [frame, timer, isVisible] = [0, 0, false];
  /** Counts stops: what a frame of before one still wanted is void. */
  let stops = 0;
  const onFrame = (now: number) => {
    const [start, before] = [performance.now(), stops];
    drawDots(context, flows(), now / TRAVEL_MS, colours);
    // What a frame costs is known when it is done: style, layout and paint of the whole page come after this callback.
    inNextTask(() => {
      if (stops === before) timer = window.setTimeout(ask, restAfter(performance.now() - start, REST_MS));
    });
  };
  const ask = () => {
    frame = requestAnimationFrame(onFrame);
  };
  const stop = () => {
    stops++;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    // Setting the size also clears.
    resize(canvas);
  };
  const update = () => {
    stop();
    if (isVisible && !stillness.matches) ask();
  };
  const visibility = new IntersectionObserver((entries) => {
    isVisible = entries.at(-1)?.isIntersecting ?? false;
    update();
  });
  const size = new ResizeObserver(() => resize(canvas));
  visibility.observe(canvas);
  size.observe(canvas);
  stillness.addEventListener('change', update);
  const stopThemes = onThemeChange(() => colours.clear());
  return () => {
    visibility.disconnect();
    size.disconnect();
    stillness.removeEventListener('change', update);
    stopThemes();
    stop();
  };
}

function resize(canvas: HTMLCanvasElement): void {
  const side = Math.round(canvas.clientWidth * Math.min(1.5, devicePixelRatio));
  canvas.width = side;
  canvas.height = side;
}

function drawDots(
  context: CanvasRenderingContext2D,
  flows: readonly DrawnFlow[],
  time: number,
  colours: Map<number, string>,
): void {
  const scale = context.canvas.width / TRAFFIC_FIELD.size;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(scale, 0, 0, scale, -TRAFFIC_FIELD.start * scale, -TRAFFIC_FIELD.start * scale);
  const budget = MAX_DOTS / Math.max(1, flows.length);
  for (const [index, flow] of flows.entries()) {
    let colour = colours.get(flow.from);
    if (colour === undefined) {
      colour = resolveColour(nodeToken(flow.from));
      colours.set(flow.from, colour);
    }
    context.fillStyle = colour;
    const dots = Math.max(1, Math.min(Math.ceil(flow.width), Math.floor(budget)));
    // A third of a turn of the golden angle: flows don't march in step.
    for (let dot = 0; dot < dots; dot++) drawDot(context, flow, (time + index * 0.382 + dot / dots) % 1);
  }
  context.globalAlpha = 1;
}

function drawDot(context: CanvasRenderingContext2D, { curve, width }: DrawnFlow, head: number): void {
  const radius = 2 + width * 0.4;
  for (let tail = 0; tail < TAIL; tail++) {
    const t = head - tail * TAIL_STEP;
    if (t < 0) return;
    // Dots come out of one node and go into the other: no sudden ends.
    const fade = Math.min(1, t * 7, (1 - t) * 7);
    const { x, y } = alongCurve(curve, t);
    context.globalAlpha = fade * (1 - tail / TAIL);
    context.beginPath();
    context.arc(x, y, radius * (1 - tail * 0.14), 0, 7);
    context.fill();
  }
}
