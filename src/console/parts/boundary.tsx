/**
 * What is shown in place of a view that broke: the others go on.
 * @module
 */
import { Component, type ComponentChildren } from 'preact';
import { Trouble } from './states.tsx';

interface BoundaryProps {
  readonly children: ComponentChildren;
}

export class Boundary extends Component<BoundaryProps, { readonly broken: string }> {
  override state = { broken: '' };

  static override getDerivedStateFromError(thrown: unknown): { readonly broken: string } {
    return { broken: thrown instanceof Error ? thrown.message : String(thrown) };
  }

  override render(): ComponentChildren {
    const { broken } = this.state;
    if (broken === '') return this.props.children;
    return (
      <>
        <Trouble
          text={`This view could not be shown: ${broken}. What the server says may be of another version than this page.`}
        />
        <p>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      </>
    );
  }
}
