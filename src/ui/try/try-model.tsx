// Try the model: draw, or take an example, and see what the parameters of this very moment make of it.
import { useRef, useState } from 'react';
import { useView } from '../../store/use-view.ts';
import type { PreviewView } from '../../store/view.ts';
import { Panel } from '../common/panel.tsx';
import { centreInk } from './centre-ink.ts';
import { DrawingPad, type PadHandle } from './drawing-pad.tsx';
import { ProbabilityBars } from './probability-bars.tsx';
import { usePrediction } from './use-prediction.ts';
import './try.css';

type Preview = Extract<PreviewView, { kind: 'images' }>;

export function TryModel() {
  const preview = useView((state) => state.dataset?.preview ?? null);
  const hasModel = useView((state) => state.run !== null || state.trying !== null);
  return preview?.kind !== 'images' || !hasModel ? null : <TryPanel preview={preview} />;
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
