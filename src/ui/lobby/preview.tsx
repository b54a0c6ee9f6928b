// A few samples of the data, as what they are: pictures, rows of a table, lines of text.
import { memo } from 'react';
import type { PreviewView } from '../../store/view.ts';
import { Thumbnails } from './thumbnails.tsx';

interface PreviewProps {
  /** Null while the data are being prepared. */
  readonly preview: PreviewView | null;
}

export const Preview = memo(function Preview({ preview }: PreviewProps) {
  switch (preview?.kind) {
    case undefined:
    case 'images':
      return <Thumbnails preview={preview ?? null} />;
    case 'table':
      return <TableRows columns={preview.columns} rows={preview.rows} />;
    case 'text':
      return <TextLines lines={preview.lines} />;
  }
});

// Rows and lines of a preview never change within a dataset: their order is their identity.
/* biome-ignore-start lint/suspicious/noArrayIndexKey: see above */

function TableRows({ columns, rows }: { readonly columns: readonly string[]; readonly rows: readonly string[][] }) {
  return (
    <div className="preview-rows">
      <table>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TextLines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <div className="preview-rows">
      {lines.map((line, index) => (
        <p key={index}>{line}</p>
      ))}
    </div>
  );
}
/* biome-ignore-end lint/suspicious/noArrayIndexKey: see above */
