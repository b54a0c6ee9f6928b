// Try the model: draw, or take an example, and see what the parameters of this very moment make of it.
import { useEffect, useRef, useState } from 'react';
import { useCommands, useView, useViewStore } from '../../store/use-view.ts';
import type { PreviewView } from '../../store/view.ts';
import { Panel } from '../common/panel.tsx';
import { centreInk } from './centre-ink.ts';
import { DrawingPad, type PadHandle } from './drawing-pad.tsx';
import { type Answer, PredictLoop } from './predict-loop.ts';
import { ProbabilityBars } from './probability-bars.tsx';
import './try.css';

type Preview = Extract<PreviewView, { kind: 'images' }>;

export function TryModel() {
  const preview = useView((state) => state.dataset?.preview ?? null);
  const hasRun = useView((state) => state.run !== null);
  return preview?.kind !== 'images' || !hasRun ? null : <TryPanel preview={preview} />;
}

function TryPanel({ preview }: { readonly preview: Preview }) {
  const pad = useRef<PadHandle>(null);
  const { answer, ask, clear } = usePrediction();
  const [example, setExample] = useState<string | null>(null);
  const next = useRef(0);

  const takeExample = () => {
    const image = preview.images[next.current++ % preview.images.length];
    if (image === undefined) return;
    pad.current?.show(image.pixels, preview.width, preview.height);
    setExample(image.label);
    ask(Float32Array.from(image.pixels, (value) => value / 255));
  };

  return (
    <Panel title="Try the model" className="try">
      <DrawingPad
        ref={pad}
        onInk={(drawing) => {
          const image = centreInk(drawing, preview.width, preview.height);
          setExample(null);
          if (image !== null) ask(image);
        }}
      />
      <div className="try-buttons">
        <button type="button" className="button" onClick={takeExample}>
          Random example
        </button>
        <button
          type="button"
          className="button button-quiet"
          onClick={() => {
            pad.current?.clear();
            setExample(null);
            clear();
          }}
        >
          Clear
        </button>
      </div>
      <ProbabilityBars answer={answer} label={example} />
    </Panel>
  );
}

/** The newest answer to the newest image, asked again whenever the parameters have moved on. */
function usePrediction() {
  const commands = useCommands();
  const store = useViewStore();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const image = useRef<Float32Array | null>(null);
  const loop = useRef<PredictLoop | null>(null);

  useEffect(() => {
    const own = new PredictLoop((pixels) => commands.predict(pixels), setAnswer);
    loop.current = own;
    const unsubscribe = store.subscribe((state, before) => {
      if (state.series.version !== before.series.version && image.current !== null && !document.hidden)
        own.ask(image.current);
    });
    return () => {
      unsubscribe();
      own.cancel();
    };
  }, [commands, store]);

  return {
    answer,
    ask(pixels: Float32Array) {
      image.current = pixels;
      loop.current?.ask(pixels);
    },
    clear() {
      image.current = null;
      loop.current?.cancel();
      setAnswer(null);
    },
  };
}
