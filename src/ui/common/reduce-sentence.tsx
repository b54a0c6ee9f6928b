// What a way of making one gradient of many means for the links, in a sentence.
import type { ReduceView } from '../../store/view.ts';

export function ReduceSentence({ value }: { readonly value: ReduceView }) {
  return (
    <p className="replicas-words">
      {value === 'server' ? (
        'Each tab sends its gradient to the servers, which put them together.'
      ) : (
        <>
          Gradients are added up from tab to tab, and only the sum reaches a server: few servers, many workers. One slow
          tab holds up all. Needs BSP and no filters. <cite>Patarasuk and Yuan 2009</cite>
        </>
      )}
    </p>
  );
}
