/** A page that breaks does not take the others with it: it says what happened, and can be begun again. */
import { Component, type ComponentChildren } from "preact";
import { words } from "../words/en/shell.ts";

interface State { readonly error: unknown }

/** Give it the page's path as `key`: another page begins without the error of the one before. */
export class ErrorBoundary extends Component<{ readonly children: ComponentChildren }, State> {
  override state: State = { error: undefined };

  static override getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    // Whoever looks into the console finds it there, with its stack.
    reportError(error);
  }

  override render(): ComponentChildren {
    if (this.state.error === undefined) return this.props.children;
    const { error } = this.state;
    return (
      <section class="page">
        <header class="page-head"><h1>{words.broken.title}</h1></header>
        <p>{words.broken.next}</p>
        <p class="soft mono">{error instanceof Error ? error.message : String(error)}</p>
        <p class="row">
          <button type="button" class="primary" onClick={() => this.setState({ error: undefined })}>{words.broken.again}</button>
          <button type="button" onClick={() => location.reload()}>{words.reload}</button>
        </p>
      </section>
    );
  }
}
