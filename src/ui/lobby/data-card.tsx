// What it learns from: data made on the spot, or files of one's own, dropped or picked.
import { useCommands, useView } from '../../store/use-view.ts';
import { FilesGlyph } from '../common/glyphs.tsx';
import { pickedFiles } from './dropped-files.ts';
import { PictureSize } from './picture-size.tsx';
import { Preview } from './preview.tsx';
import { TableColumns } from './table-columns.tsx';
import { WordsOf } from './words-of.tsx';

/** An attribute that React's types don't know. */
const takeFolders = (field: HTMLInputElement | null) => field?.setAttribute('webkitdirectory', '');

export function DataCard() {
  const commands = useCommands();
  const dataset = useView((state) => state.dataset);
  return (
    <section className="data" aria-labelledby="data-heading">
      <h2 id="data-heading" className="lobby-step">
        Data
      </h2>
      <div className="data-card">
        <div className="data-now">
          <b>{dataset?.name ?? 'Preparing data…'}</b>
          <span className="muted small">{dataset?.description ?? 'Made by this page: nothing is downloaded.'}</span>
        </div>
        {(dataset === null || dataset.preview !== null) && <Preview preview={dataset?.preview ?? null} />}
        <TableColumns />
        <PictureSize />
        <WordsOf />
        <div className="data-own">
          <label className="button data-pick">
            <FilesGlyph /> Choose files
            <input
              type="file"
              multiple
              className="sr-only"
              onChange={(event) => {
                commands.loadFiles(pickedFiles(event.target.files));
                // The same files may be chosen again after they were mended.
                event.target.value = '';
              }}
            />
          </label>
          <label className="button button-quiet data-pick">
            Choose a folder
            <input
              type="file"
              multiple
              ref={takeFolders}
              className="sr-only"
              onChange={(event) => {
                commands.loadFiles(pickedFiles(event.target.files));
                event.target.value = '';
              }}
            />
          </label>
          {dataset?.source === 'files' ? (
            <button type="button" className="button button-quiet" onClick={() => commands.generateData()}>
              Use generated data
            </button>
          ) : (
            <span className="muted small">
              or drop your own here: pictures in folders, images and labels (idx), libsvm, CSV, ratings, text, any of
              them as .gz or .zip, or a checkpoint
            </span>
          )}
        </div>
      </div>
    </section>
  );
}
