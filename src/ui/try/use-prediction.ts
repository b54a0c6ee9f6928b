// What the parameters of this very moment make of one sample.
import { useEffect, useRef, useState } from 'react';
import { useCommands, useViewStore } from '../../store/use-view.ts';
import { type Answer, PredictLoop } from './predict-loop.ts';

/** The newest answer to the newest image, asked again whenever the parameters have moved on. */
export function usePrediction() {
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
