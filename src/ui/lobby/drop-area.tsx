// Files dropped anywhere on the page. Elsewhere than in the lobby a drop does nothing, but never opens the file in this tab.
import { useEffect, useState } from 'react';
import { useCommands } from '../../store/use-view.ts';
import { droppedFiles } from './dropped-files.ts';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

export function DropArea({ isOpen }: { readonly isOpen: boolean }) {
  const commands = useCommands();
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = isOpen ? 'copy' : 'none';
      setIsOver(isOpen);
    };
    const onLeave = (event: DragEvent) => {
      // Leaving the window, not going from one element to the next.
      if (event.relatedTarget === null) setIsOver(false);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setIsOver(false);
      if (isOpen && event.dataTransfer !== null) commands.loadFiles(droppedFiles(event.dataTransfer));
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, [commands, isOpen]);
  if (!isOver) return null;
  return (
    <div className="drop-over" aria-hidden="true">
      <p>Drop to train on these files, or to go on from a checkpoint</p>
    </div>
  );
}
