// A table's model: which columns it needs, and what it says of a row that anybody fills in.
import { Importances } from './importances.tsx';
import { TryRow } from './try-row.tsx';

export function TablePanel() {
  return (
    <>
      <TryRow />
      <Importances />
    </>
  );
}
