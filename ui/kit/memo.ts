import { Component, h, type ComponentType, type VNode } from "preact";

/** Drawn again only when one of its properties is another. */
export function memo<P extends object>(Part: (props: P) => VNode | null): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as Readonly<Record<string, unknown>>;
      const after = next as Readonly<Record<string, unknown>>;
      const names = Object.keys(after);
      return names.length !== Object.keys(before).length || names.some((name) => before[name] !== after[name]);
    }

    override render(): VNode {
      return h(Part as ComponentType<object>, this.props);
    }
  };
}
